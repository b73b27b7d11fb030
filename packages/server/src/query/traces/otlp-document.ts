import type { FullSpanRow } from '../../store/traces/trace-reading.ts';

/** OTLP/JSON of one trace, as an OTLP/HTTP exporter would send it. Source: opentelemetry-proto, "JSON Protobuf Encoding". */
export interface OtlpTraceDocument {
  readonly resourceSpans: readonly OtlpResourceSpans[];
}

interface OtlpResourceSpans {
  readonly resource: { readonly attributes: readonly OtlpKeyValue[] };
  readonly scopeSpans: readonly { readonly scope: { readonly name: string; readonly version: string }; readonly spans: readonly OtlpJsonSpan[] }[];
}

/** 64-bit numbers are text, ids are hex. */
interface OtlpJsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly OtlpKeyValue[];
  readonly events: readonly { readonly timeUnixNano: string; readonly name: string; readonly attributes: readonly OtlpKeyValue[] }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string; readonly traceState: string; readonly attributes: readonly OtlpKeyValue[] }[];
  readonly status: { readonly code: number; readonly message: string };
}

interface OtlpKeyValue {
  readonly key: string;
  readonly value: { readonly stringValue: string } | { readonly intValue: string } | { readonly doubleValue: number };
}

const KIND_NUMBERS: Readonly<Record<string, number>> = { Internal: 1, Server: 2, Client: 3, Producer: 4, Consumer: 5 };
const STATUS_NUMBERS: Readonly<Record<string, number>> = { Ok: 1, Error: 2 };

/** Spans of one resource and scope come together, in the order they came in. */
export function otlpDocument(traceId: string, spans: readonly FullSpanRow[]): OtlpTraceDocument {
  const groups = new Map<string, FullSpanRow[]>();
  for (const span of spans) {
    const key = JSON.stringify([span.resource, span.scopeName, span.scopeVersion]);
    const group = groups.get(key);
    if (group) group.push(span);
    else groups.set(key, [span]);
  }
  return {
    resourceSpans: [...groups.values()].map((group) => ({
      resource: { attributes: keyValues(group[0]!.resource) },
      scopeSpans: [{ scope: { name: group[0]!.scopeName, version: group[0]!.scopeVersion }, spans: group.map((span) => otlpSpan(traceId, span)) }],
    })),
  };
}

function otlpSpan(traceId: string, span: FullSpanRow): OtlpJsonSpan {
  return {
    traceId,
    spanId: span.spanId,
    parentSpanId: span.parentId,
    traceState: span.traceState,
    name: span.operation,
    kind: KIND_NUMBERS[span.kind] ?? 0,
    startTimeUnixNano: String(span.startNs),
    endTimeUnixNano: String(span.startNs + span.durationNs),
    attributes: keyValues(span.attributes, span.numbers),
    events: span.events.map(({ timeNs, name, attributes }) => ({ timeUnixNano: String(timeNs), name, attributes: keyValues(attributes) })),
    links: span.links.map(({ traceId: linked, spanId, traceState, attributes }) => ({ traceId: linked, spanId, traceState, attributes: keyValues(attributes) })),
    status: { code: STATUS_NUMBERS[span.status] ?? 0, message: span.statusMessage },
  };
}

function keyValues(texts: Readonly<Record<string, string>>, numbers: Readonly<Record<string, number>> = {}): OtlpKeyValue[] {
  return Object.entries(texts).map(([key, text]) => {
    // An integer's text is exact, the number need not be.
    if (!Object.hasOwn(numbers, key)) return { key, value: { stringValue: text } };
    return { key, value: /^-?\d+$/.test(text) ? { intValue: text } : { doubleValue: numbers[key]! } };
  });
}
