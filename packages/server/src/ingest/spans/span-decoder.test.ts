import type { Limits } from '@pitot/core';
import { writeTracesRequest, type OtlpSpan } from '@pitot/core/otlp-writer';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Row } from '../fixtures/native-reader.ts';
import { createStage, NOW_MS, storeDown, until, type Stage } from '../fixtures/stage.ts';
import type { Ingest, IngestOptions } from '../ingest.ts';
import { sampleWeightOf } from './sample-weight.ts';

const SOURCE = { receiver: 'otlp' };
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';

let stage: Stage;
let ingest: Ingest;
beforeEach(() => {
  stage = createStage();
});
afterEach(() => stage.remove());

async function open(limits: Partial<Limits> = {}, options: Partial<Omit<IngestOptions, 'limits'>> = {}): Promise<void> {
  ingest = await stage.open({ ...options, limits });
  ingest.start();
}

function requestOf(spans: readonly Partial<OtlpSpan>[]): Uint8Array {
  const base = { traceId: TRACE_ID, spanId: SPAN_ID, name: 'work', kind: 1, startTimeUnixNano: NOW_NS, endTimeUnixNano: NOW_NS + 5n };
  return writeTracesRequest([{ resource: { attributes: { 'service.name': 'cart' } }, records: spans.map((span) => ({ ...base, ...span })) }]);
}

const send = (spans: readonly Partial<OtlpSpan>[]) => ingest.spans.take(requestOf(spans), SOURCE);

async function stored(): Promise<Row[]> {
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  return stage.writer.rows('otel_traces');
}

const repairs = (repair: string): number => stage.meter.value(`pitot_ingest_repairs_total{receiver=otlp,repair=${repair}}`);

it('turns away spans without valid ids, and leaves nothing of them behind', async () => {
  await open();
  const attributes = { a: 1 };
  const events = [{ timeUnixNano: NOW_NS, name: 'e', attributes: { k: 'of a wrong span' } }];
  const links = [{ traceId: TRACE_ID, spanId: SPAN_ID, attributes: { k: 'of a wrong span' } }];
  const wrong = [{ traceId: '' }, { traceId: 'abcd' }, { traceId: '0'.repeat(32) }, { spanId: '' }, { spanId: '01'.repeat(9) }, { spanId: '0'.repeat(16) }];
  const good = { name: 'good', events: [{ timeUnixNano: NOW_NS, name: 'mine', attributes: { k: 'v' } }] };
  const receipt = await send([...wrong.map((ids) => ({ ...ids, attributes, events, links })), good, { ...wrong[0], events }, good]);
  expect(receipt).toEqual({ accepted: 2, rejected: 7, reasons: { invalid_id: 7 } });
  const row = { SpanName: 'good', SpanAttributes: {}, SpanNumbers: {}, 'Events.Name': ['mine'], 'Events.Attributes': [{ k: 'v' }], 'Links.TraceId': [], 'Links.Attributes': [] };
  expect(await stored()).toMatchObject([row, row]);
  expect(stage.meter.value('pitot_ingest_rejected_total{receiver=otlp,reason=invalid_id}')).toBe(7);
  expect(stage.meter.value('pitot_ingest_spans_total{receiver=otlp}')).toBe(2);
  expect(ingest.monitor.sources()).toMatchObject([{ service: 'cart', spansTotal: 2, logsTotal: 0, samplesTotal: 0 }]);
});

it('keeps a span whose parent or link has a wrong id, without that id', async () => {
  await open();
  const links = [{ traceId: 'abcd', spanId: SPAN_ID }];
  await send([{ parentSpanId: 'abcd' }, { parentSpanId: '0'.repeat(16) }, { links }]);
  const rows = await stored();
  expect(rows.map((row) => row['ParentSpanId'])).toEqual(['', '', '']);
  expect(rows[2]).toMatchObject({ 'Links.TraceId': [''], 'Links.SpanId': [SPAN_ID] });
  expect(repairs('invalid_id')).toBe(2);
});

it('gives spans that end before they start no duration, and measures the others to the nanosecond', async () => {
  await open();
  const second = 2n ** 32n;
  const base = (NOW_NS / second) * second;
  const pairs = [[base, base - 1n], [base - 1n, base], [base + 5n, base + 5n], [base, base - second], [base - 3n * second - 1n, base]] as const;
  await send(pairs.map(([startTimeUnixNano, endTimeUnixNano]) => ({ startTimeUnixNano, endTimeUnixNano })));
  expect((await stored()).map((row) => row['Duration'])).toEqual([0n, 1n, 0n, 0n, 3n * second + 1n]);
  expect(repairs('negative_duration')).toBe(2);
});

it('turns away what is too old or too far in the future by the retention of traces', async () => {
  await open({ future_tolerance_seconds: 60, out_of_order_window_seconds: 7200 }, { tracesRetentionMs: 3_600_000 });
  const at = (startMs: number, endMs = startMs) => ({ startTimeUnixNano: NOW_NS + BigInt(startMs) * 1_000_000n, endTimeUnixNano: NOW_NS + BigInt(endMs) * 1_000_000n });
  const receipt = await send([at(-3_600_000), at(-3_600_001), at(60_000), at(60_001), at(0, 60_001), { startTimeUnixNano: 0n }]);
  expect(receipt).toEqual({ accepted: 2, rejected: 4, reasons: { too_old: 2, too_far_in_future: 2 } });
});

it('names kinds and status as the exporter of the Collector does', async () => {
  await open();
  await send([0, 1, 2, 3, 4, 5, 6].map((kind) => ({ kind, statusCode: kind })));
  const rows = await stored();
  expect(rows.map((row) => row['SpanKind'])).toEqual(['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer', 'Unspecified']);
  expect(rows.map((row) => row['StatusCode'])).toEqual(['Unset', 'Ok', 'Error', 'Unset', 'Unset', 'Unset', 'Unset']);
});

it('weighs sampled spans by the threshold in their tracestate', () => {
  expect(sampleWeightOf('ot=th:8')).toBe(2);
  expect(sampleWeightOf('ot=th:0')).toBe(1);
  expect(sampleWeightOf('ot=th:fd70a3d70a3d71')).toBeCloseTo(100, 6);
  expect(sampleWeightOf('ot=rv:1234;th:c')).toBe(4);
  expect(sampleWeightOf('vendor=x, ot=th:e;rv:1')).toBe(8);
  expect(sampleWeightOf('ot=th:ffffffffffffff')).toBe(2 ** 56);
  for (const other of ['', 'ot=', 'ot=th:', 'ot=th:xyz', 'vendor=th:8', 'not=th:8', 'ot=th:123456789abcdef', 'ot=oth:8']) expect([other, sampleWeightOf(other)]).toEqual([other, 1]);
});

it('limits spans, events and links of one request', async () => {
  await open({ records_per_request: 2 });
  await expect(send([{}, {}, {}])).rejects.toMatchObject({ code: 'too_many_samples', fields: { limit: 'limits.records_per_request' } });
  const events = Array.from({ length: 21 }, () => ({ timeUnixNano: NOW_NS, name: 'e' }));
  await expect(send([{ events }])).rejects.toMatchObject({ code: 'too_many_samples' });
  expect(await send([{ events: events.slice(1) }])).toMatchObject({ accepted: 1 });
  expect((await stored())[0]!['Events.Name']).toHaveLength(20);
});

it('takes nothing while the spool is full or the server shuts down', async () => {
  stage.writer.before = storeDown;
  await open({ spool_bytes: 2000 });
  await send([{ name: 'x'.repeat(3000) }]);
  await expect(send([{}])).rejects.toMatchObject({ kind: expect.stringMatching(/limited|unavailable/) });
  await ingest.drain(0);
  await expect(send([{}])).rejects.toMatchObject({ code: 'shutting_down' });
});
