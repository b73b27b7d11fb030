import { AppError, type Limits } from '@pitot/core';
import { parsedJson, tooManyRecords } from '../body.ts';

/** One of Zipkin's spans after its shape was checked. Source: openzipkin/zipkin-api zipkin2-api.yaml. */
export interface ZipkinSpan {
  /** 32 hex digits; what was shorter is padded with zeros on the left. */
  readonly traceId: string;
  /** 16 hex digits. */
  readonly id: string;
  readonly parentId: string | undefined;
  readonly kind: ZipkinKind | undefined;
  readonly name: string;
  /** Microseconds since 1970. */
  readonly timestampUs: bigint | undefined;
  readonly durationUs: bigint;
  /** A server's half of a span whose other half its client reports under the same id. */
  readonly isShared: boolean;
  readonly local: ZipkinEndpoint;
  readonly remote: ZipkinEndpoint;
  readonly annotations: readonly { readonly timestampUs: bigint; readonly value: string }[];
  readonly tags: readonly (readonly [name: string, value: string])[];
}

export interface ZipkinEndpoint {
  readonly service: string | undefined;
  /** IPv4, or IPv6 where there is none. */
  readonly address: string | undefined;
  readonly port: number | undefined;
}

const KINDS = ['CLIENT', 'SERVER', 'PRODUCER', 'CONSUMER'] as const;
export type ZipkinKind = (typeof KINDS)[number];

/** Nanoseconds of it fit into 64 bits. */
const MAX_MICROSECONDS = 9_000_000_000_000_000;
const MAX_PORT = 65_535;

type Fields = Readonly<Record<string, unknown>>;

/** Reads Zipkin's list of spans. Throws `bad_payload` with the path of the wrong field, `too_many_samples` where there are too many. */
export function readSpanList(body: Uint8Array, limits: Limits): readonly ZipkinSpan[] {
  const spans = parsedJson(body);
  if (!Array.isArray(spans)) throw new AppError('bad_payload', "the body is not an array; send a list of spans in Zipkin's v2 format");
  if (spans.length > limits.records_per_request) throw tooManyRecords(limits);
  return spans.map((span: unknown, i) => spanOf(objectOf(span, `[${i}]`), `[${i}]`));
}

function spanOf(fields: Fields, path: string): ZipkinSpan {
  const kind = optionalText(fields['kind'], `${path}.kind`);
  const known = KINDS.find((candidate) => candidate === kind?.toUpperCase());
  if (kind !== undefined && known === undefined) throw wrong(`${path}.kind`, `one of ${KINDS.join(', ')}`);
  return {
    traceId: idOf(fields['traceId'], 32, `${path}.traceId`),
    id: idOf(fields['id'], 16, `${path}.id`),
    parentId: isAbsent(fields['parentId']) ? undefined : idOf(fields['parentId'], 16, `${path}.parentId`),
    kind: known,
    name: optionalText(fields['name'], `${path}.name`) ?? '',
    timestampUs: isAbsent(fields['timestamp']) ? undefined : microsecondsOf(fields['timestamp'], `${path}.timestamp`),
    durationUs: isAbsent(fields['duration']) ? 0n : microsecondsOf(fields['duration'], `${path}.duration`),
    isShared: fields['shared'] === true,
    local: endpointOf(fields['localEndpoint'], `${path}.localEndpoint`),
    remote: endpointOf(fields['remoteEndpoint'], `${path}.remoteEndpoint`),
    annotations: listOf(fields['annotations'], `${path}.annotations`).map((annotation, i) => {
      const at = `${path}.annotations[${i}]`;
      const { timestamp, value } = objectOf(annotation, at);
      return { timestampUs: microsecondsOf(timestamp, `${at}.timestamp`), value: optionalText(value, `${at}.value`) ?? '' };
    }),
    tags: isAbsent(fields['tags']) ? [] : Object.entries(objectOf(fields['tags'], `${path}.tags`)).map(([name, value]) => [name, tagText(value, `${path}.tags.${name}`)]),
  };
}

function endpointOf(value: unknown, path: string): ZipkinEndpoint {
  if (isAbsent(value)) return { service: undefined, address: undefined, port: undefined };
  const { serviceName, ipv4, ipv6, port } = objectOf(value, path);
  return {
    service: optionalText(serviceName, `${path}.serviceName`) || undefined,
    address: optionalText(ipv4, `${path}.ipv4`) || optionalText(ipv6, `${path}.ipv6`) || undefined,
    port: isAbsent(port) || port === 0 ? undefined : portOf(port, `${path}.port`),
  };
}

function idOf(value: unknown, digits: number, path: string): string {
  if (typeof value !== 'string' || !/^[0-9a-fA-F]+$/.test(value) || value.length > digits) throw wrong(path, `a hexadecimal id of at most ${digits} digits`);
  return value.toLowerCase().padStart(digits, '0');
}

function microsecondsOf(value: unknown, path: string): bigint {
  if (typeof value !== 'number' || !(value >= 0 && value <= MAX_MICROSECONDS)) throw wrong(path, `a number of microseconds from 0 to ${MAX_MICROSECONDS}`);
  return BigInt(Math.round(value));
}

function portOf(value: unknown, path: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > MAX_PORT) throw wrong(path, `a port from 0 to ${MAX_PORT}`);
  return value;
}

/** Zipkin says text; some senders write numbers and truth values. */
function tagText(value: unknown, path: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw wrong(path, 'a string');
}

function optionalText(value: unknown, path: string): string | undefined {
  if (isAbsent(value)) return undefined;
  if (typeof value !== 'string') throw wrong(path, 'a string');
  return value;
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (isAbsent(value)) return [];
  if (!Array.isArray(value)) throw wrong(path, 'an array');
  return value;
}

function objectOf(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'an object');
  return value as Fields;
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function wrong(path: string, expected: string): AppError {
  return new AppError('bad_payload', `${path} is not ${expected}`, { fields: { path } });
}
