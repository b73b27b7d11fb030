import { describe, expect, it } from 'vitest';
import { receiverConformance, type ConformanceSubject } from '../conformance.ts';
import { deliver, openRoute, postRequest, signalContext } from '../fixtures/delivery.ts';
import { decodeExportResponse, encodeSignal, type SignalName } from '../fixtures/otlp-messages.ts';
import { SignalMemory } from '../fixtures/signal-memory.ts';
import { otlp } from './receiver.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const TRACE_ID = '5b8efff798038103d269b633813fc60c';
const SPAN_ID = 'eee19b7ec3c1b174';
const RESOURCE = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] };

const nanos = (ms: number) => `${ms}000000`;

function requestOf(signal: SignalName, records: readonly object[]): object {
  const scope = { name: 'test', version: '1' };
  if (signal === 'logs') return { resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ scope, logRecords: records }] }] };
  return { resourceSpans: [{ resource: RESOURCE, scopeSpans: [{ scope, spans: records }] }] };
}

function plainRecords(signal: SignalName, count: number, timestampMs: number): object {
  const logs = (i: number) => ({ timeUnixNano: nanos(timestampMs), severityNumber: 9, body: { stringValue: `line ${i}` } });
  const traces = (i: number) => ({
    traceId: TRACE_ID,
    spanId: (i + 1).toString(16).padStart(16, '0'),
    name: 'GET /',
    kind: 2,
    startTimeUnixNano: nanos(timestampMs),
    endTimeUnixNano: nanos(timestampMs + 5),
  });
  return requestOf(signal, Array.from({ length: count }, (_, i) => (signal === 'logs' ? logs(i) : traces(i))));
}

const REJECTED = { logs: 'rejectedLogRecords', traces: 'rejectedSpans' } as const;

function subjectsOf(signal: SignalName): ConformanceSubject[] {
  const shared = { receiver: otlp, signal, encodings: ['identity', 'gzip', 'deflate'] } as const;
  const group = signal === 'logs' ? 'resourceLogs[0].scopeLogs[0].logRecords[0]' : 'resourceSpans[0].scopeSpans[0].spans[0]';
  return [
    ...[`/v1/${signal}`, `/api/v1/otlp/v1/${signal}`].map(
      (path): ConformanceSubject => ({
        ...shared,
        path,
        contentType: PROTOBUF,
        payload: (count, timestampMs) => encodeSignal(signal, plainRecords(signal, count, timestampMs)),
        malformed: [{ name: 'text', payload: Buffer.from('this is not protobuf'), says: /byte/ }],
        emptyStatus: 200,
        everyCutIsMalformed: false,
        rejectedOf: ({ body }) => decodeExportResponse(body).partialSuccess?.rejected ?? 0,
      }),
    ),
    {
      ...shared,
      path: `/v1/${signal}`,
      contentType: JSON_TYPE,
      payload: (count, timestampMs) => Buffer.from(JSON.stringify(plainRecords(signal, count, timestampMs))),
      malformed: [
        { name: 'text', payload: Buffer.from('{"resourceLogs": nonsense}'), says: /not JSON: .*nonsense/ },
        { name: 'an array', payload: Buffer.from('[]'), says: /the body is not an object/ },
        { name: 'an id that is not hexadecimal', payload: Buffer.from(JSON.stringify(requestOf(signal, [{ traceId: 'xyz' }]))), says: new RegExp(`${group.replaceAll(/[.[\]]/g, String.raw`\$&`)}\\.traceId is not hexadecimal`) },
        { name: 'bytes that are not UTF-8', payload: Buffer.from([0x22, 0xff, 0x22]), says: /UTF-8/ },
      ],
      emptyStatus: 400,
      everyCutIsMalformed: true,
      rejectedOf: ({ text }) => Number((JSON.parse(text) as { partialSuccess: Record<string, string> }).partialSuccess[REJECTED[signal]]),
    },
  ];
}
for (const signal of ['logs', 'traces'] as const) for (const subject of subjectsOf(signal)) receiverConformance(subject);

/** Every field of OTLP, some in the more unusual ways that its JSON allows. */
const FULL_LOG = {
  timeUnixNano: '1735787045000000001',
  observedTimeUnixNano: 1735787046000,
  severityNumber: 'SEVERITY_NUMBER_ERROR2',
  severityText: 'Error',
  body: { kvlistValue: { values: [{ key: 'a', value: { arrayValue: { values: [{ intValue: '-7' }, { boolValue: true }, { doubleValue: 0.5 }, {}] } } }] } },
  attributes: [{ key: 'thread.id', value: { intValue: 12 } }, { key: 'raw', value: { bytesValue: 'AAEC' } }],
  droppedAttributesCount: 3,
  flags: 4294967295,
  traceId: TRACE_ID.toUpperCase(),
  spanId: SPAN_ID,
  eventName: 'payment.failed',
};

const FULL_SPAN = {
  traceId: TRACE_ID,
  spanId: SPAN_ID,
  parentSpanId: 'eee19b7ec3c1b173',
  traceState: 'a=b',
  name: 'PUT /cart',
  kind: 'SPAN_KIND_CONSUMER',
  flags: 257,
  startTimeUnixNano: '1735787045000000001',
  endTimeUnixNano: '18446744073709551615',
  attributes: [{ key: 'http.response.status_code', value: { intValue: '500' } }],
  droppedAttributesCount: 1,
  events: [{ timeUnixNano: '1735787045000000002', name: 'exception', attributes: [{ key: 'exception.type', value: { stringValue: 'TypeError' } }], droppedAttributesCount: 2 }],
  droppedEventsCount: 4,
  links: [{ traceId: TRACE_ID, spanId: 'eee19b7ec3c1b172', traceState: 'c=d', attributes: [], droppedAttributesCount: 5, flags: 1 }],
  droppedLinksCount: 6,
  status: { message: 'broken', code: 'STATUS_CODE_ERROR' },
};

describe('every field of OTLP/JSON', () => {
  async function taken(signal: SignalName, record: object, contentType: string) {
    const sink = new SignalMemory(signal);
    const route = openRoute(otlp, signalContext({ logs: sink, spans: sink }), `/v1/${signal}`);
    const request = requestOf(signal, [record]);
    const body = contentType === PROTOBUF ? encodeSignal(signal, request) : Buffer.from(JSON.stringify(request));
    const answer = await deliver(route, postRequest(route.path, { 'content-type': contentType }, body));
    expect([answer.status, answer.text]).toEqual([200, contentType === PROTOBUF ? '' : '{}']);
    return sink.records[0];
  }

  it.each([
    ['logs', FULL_LOG, { severityNumber: 18 }],
    ['traces', FULL_SPAN, { kind: 5, status: { message: 'broken', code: 2 } }],
  ] as const)('of %s arrives as it does in protobuf', async (signal, record, numbers) => {
    const fromJson = await taken(signal, record, JSON_TYPE);
    expect(fromJson).toEqual(await taken(signal, { ...record, ...numbers }, PROTOBUF));
    expect(fromJson).toMatchObject({ traceId: TRACE_ID, spanId: SPAN_ID, resource: { 'service.name': 'shop' }, scope: 'test' });
  });

  it('is refused where it has another shape, with its path', async () => {
    const sink = new SignalMemory('traces');
    const route = openRoute(otlp, signalContext({ spans: sink }), '/v1/traces');
    const wrong = [
      [{ kind: 'SPAN_KIND_SIDEWAYS' }, /spans\[0\]\.kind is not one of SPAN_KIND_UNSPECIFIED/],
      [{ flags: -1 }, /flags is not an integer from 0/],
      [{ events: [{ timeUnixNano: 'x' }] }, /events\[0\]\.timeUnixNano is not an integer/],
      [{ links: {} }, /links is not an array/],
      [{ status: [] }, /status is not an object/],
    ] as const;
    for (const [record, says] of wrong) {
      const body = Buffer.from(JSON.stringify(requestOf('traces', [record])));
      const { status, text } = await deliver(route, postRequest('/v1/traces', { 'content-type': JSON_TYPE }, body));
      expect([status, JSON.parse(text)]).toEqual([400, { code: 3, message: expect.stringMatching(says) }]);
    }
    expect(sink.begun).toBe(0);
  });
});
