import type { OtlpGroup, OtlpSpan } from '@pitot/core/otlp-writer';
import type { ZipkinEndpoint, ZipkinKind, ZipkinSpan } from './span-list.ts';

const KINDS: Readonly<Record<ZipkinKind, number>> = { SERVER: 2, CLIENT: 3, PRODUCER: 4, CONSUMER: 5 };
const INTERNAL = 1;
const STATUS_OK = 1;
const STATUS_ERROR = 2;
const NANOS_PER_MICROSECOND = 1000n;
const NANOS_PER_MILLISECOND = 1_000_000n;
/** What the server's half of a shared span has its own id made with: any fixed number but zero. */
const SERVER_HALF = 0x5a17_ed5e_4ba1_f0e5n;

/**
 * Zipkin's spans as OpenTelemetry's, by service. The server's half of a shared span becomes a span of its own below the client's, with an id that
 * is always the same for it, because an id stands for one span here; what it calls in the same request moves below it.
 */
export function otlpSpansOf(spans: readonly ZipkinSpan[], nowMs: number): readonly OtlpGroup<OtlpSpan>[] {
  const halves = new Set(spans.filter(({ isShared }) => isShared).map(placeOf));
  const groups = new Map<string, { service: string; records: OtlpSpan[] }>();
  for (const span of spans) {
    const service = span.local.service ?? '';
    let group = groups.get(service);
    if (group === undefined) groups.set(service, (group = { service, records: [] }));
    group.records.push(spanOf(span, halves, nowMs));
  }
  return [...groups.values()].map(({ service, records }) => ({ resource: { attributes: service === '' ? {} : { 'service.name': service } }, records }));
}

/** A span's id within one service of one trace. */
function placeOf({ traceId, id, local }: Pick<ZipkinSpan, 'traceId' | 'id' | 'local'>): string {
  return `${traceId} ${id} ${local.service ?? ''}`;
}

function spanOf(span: ZipkinSpan, halves: ReadonlySet<string>, nowMs: number): OtlpSpan {
  const startTimeUnixNano = startOf(span, nowMs);
  const parentSpanId = parentOf(span, halves);
  const tags = new Map(span.tags);
  return {
    traceId: span.traceId,
    spanId: span.isShared ? serverHalf(span.id) : span.id,
    ...(parentSpanId !== undefined && { parentSpanId }),
    name: span.name,
    kind: span.kind === undefined ? INTERNAL : KINDS[span.kind],
    startTimeUnixNano,
    endTimeUnixNano: startTimeUnixNano + span.durationUs * NANOS_PER_MICROSECOND,
    ...statusOf(tags),
    attributes: Object.assign(Object.create(null) as Record<string, string>, Object.fromEntries(tags), endpointAttributes(span)),
    events: span.annotations.map(({ timestampUs, value }) => ({ timeUnixNano: timestampUs * NANOS_PER_MICROSECOND, name: value })),
  };
}

function parentOf({ isShared, id, parentId, traceId, local }: ZipkinSpan, halves: ReadonlySet<string>): string | undefined {
  if (isShared) return id;
  if (parentId === undefined) return undefined;
  return halves.has(placeOf({ traceId, id: parentId, local })) ? serverHalf(parentId) : parentId;
}

function serverHalf(id: string): string {
  const half = BigInt(`0x${id}`) ^ SERVER_HALF;
  return (half === 0n ? SERVER_HALF : half).toString(16).padStart(16, '0');
}

/** A span without a time is as old as its first annotation, or has just come. */
function startOf({ timestampUs, annotations }: ZipkinSpan, nowMs: number): bigint {
  const first = timestampUs ?? annotations.map((annotation) => annotation.timestampUs).reduce<bigint | undefined>((least, at) => (least === undefined || at < least ? at : least), undefined);
  return first === undefined ? BigInt(nowMs) * NANOS_PER_MILLISECOND : first * NANOS_PER_MICROSECOND;
}

/** The tag `error` says that there was one, and mostly which. OpenTelemetry's exporters write their status into tags as well. */
function statusOf(tags: Map<string, string>): Pick<OtlpSpan, 'statusCode' | 'statusMessage'> {
  const said = takeOut(tags, 'otel.status_code')?.toUpperCase();
  const description = takeOut(tags, 'otel.status_description');
  const error = tags.get('error');
  if (said === 'OK') return { statusCode: STATUS_OK };
  const isError = said === 'ERROR' || (error !== undefined && error.toLowerCase() !== 'false');
  if (!isError) return {};
  const message = description ?? (error?.toLowerCase() === 'true' ? '' : (error ?? ''));
  return message === '' ? { statusCode: STATUS_ERROR } : { statusCode: STATUS_ERROR, statusMessage: message };
}

function takeOut(tags: Map<string, string>, name: string): string | undefined {
  const value = tags.get(name);
  tags.delete(name);
  return value;
}

/** Who is on the other side: the server for everybody but servers, whose other side is the client. */
function endpointAttributes({ kind, local, remote }: ZipkinSpan): Record<string, string | number> {
  const role = kind === 'SERVER' ? 'client' : 'server';
  const attributes: Record<string, string | number> = {};
  if (remote.service !== undefined) attributes['peer.service'] = remote.service;
  addAddress(attributes, 'network.peer', remote);
  addAddress(attributes, role, { ...remote, address: remote.address ?? (role === 'server' ? remote.service : undefined) });
  addAddress(attributes, 'network.local', local);
  return attributes;
}

function addAddress(attributes: Record<string, string | number>, prefix: string, { address, port }: ZipkinEndpoint): void {
  if (address !== undefined) attributes[`${prefix}.address`] = address;
  if (port !== undefined) attributes[`${prefix}.port`] = port;
}
