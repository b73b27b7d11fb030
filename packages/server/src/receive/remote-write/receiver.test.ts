import { AppError } from '@pitot/core';
import snappy from 'snappy';
import { describe, expect, it } from 'vitest';
import { receiverConformance, type ConformanceSubject } from '../conformance.ts';
import { deliver, NOW_MS, openRoute, postRequest, testContext, type Delivered } from '../fixtures/delivery.ts';
import { MemorySink } from '../fixtures/memory-sink.ts';
import { encodeRawV2, encodeV1, encodeV2, type SeriesV1, type SeriesV2 } from './fixtures/messages.ts';
import { remoteWrite } from './receiver.ts';

const PATH = '/api/v1/write';
const V1 = 'application/x-protobuf';
const V2 = 'application/x-protobuf;proto=io.prometheus.write.v2.Request';
const STALE = Buffer.from('020000000000f07f', 'hex');

function numbered(samples: number, timestampMs: number): SeriesV1[] {
  return Array.from({ length: samples }, (_, i) => ({
    labels: { __name__: 'm', i: String(i), job: 'j' },
    samples: [[timestampMs, i + 0.5]],
  }));
}

function rejectedOf({ status, text }: Delivered): number {
  expect(status).toBe(400);
  return Number(/turned away (\d+)/.exec(text)?.[1]);
}

const shared = { receiver: remoteWrite, path: PATH, encodings: ['snappy'], emptyStatus: 204, everyCutIsMalformed: false, rejectedOf } as const;

const subjects: ConformanceSubject[] = [
  {
    ...shared,
    contentType: V1,
    payload: (samples, timestampMs) => encodeV1(numbered(samples, timestampMs)),
    malformed: [
      { name: 'text', payload: Buffer.from('this is not protobuf'), says: /byte \d+/ },
      { name: 'a series that is longer than the body', payload: Buffer.from([0x0a, 0x7f, 0x0a]), says: /byte 1: a field of 127 bytes/ },
      { name: 'a number without an end', payload: Buffer.alloc(12, 0xff), says: /byte 0/ },
    ],
  },
  {
    ...shared,
    contentType: V2,
    payload: (samples, timestampMs) => encodeV2(numbered(samples, timestampMs)),
    malformed: [
      { name: 'text', payload: Buffer.from('this is not protobuf'), says: /byte \d+/ },
      {
        name: 'a reference to a symbol that is not there',
        payload: encodeRawV2({ symbols: ['', 'a'], timeseries: [{ labels_refs: [1, 2] }] }),
        says: /byte \d+: symbol 2 is referenced, but there are only 2/,
      },
      {
        name: 'an odd number of label references',
        payload: encodeRawV2({ symbols: ['', 'a'], timeseries: [{ labels_refs: [1] }] }),
        says: /label name without a value/,
      },
    ],
  },
];
for (const subject of subjects) receiverConformance(subject);

function sending(contentType: string | undefined): { sink: MemorySink; send: (payload: Uint8Array, headers?: Record<string, string>) => Promise<Delivered> } {
  const sink = new MemorySink();
  const route = openRoute(remoteWrite, testContext(sink), PATH);
  const base: Record<string, string> = contentType === undefined ? {} : { 'content-type': contentType, 'content-encoding': 'snappy' };
  return {
    sink,
    send: (payload, headers = {}) => deliver(route, postRequest(PATH, { ...base, ...headers }, snappy.compressSync(Buffer.from(payload)))),
  };
}

/** Replaces the first 8 bytes equal to a double by other bits, which no encoder could be made to write through a number. */
function withBits(payload: Uint8Array, placeholder: number, bits: Buffer): Uint8Array {
  const copy = Buffer.from(payload);
  const wanted = Buffer.alloc(8);
  wanted.writeDoubleLE(placeholder);
  const at = copy.indexOf(wanted);
  expect(at).toBeGreaterThan(0);
  bits.copy(copy, at);
  return copy;
}

const INT_HISTOGRAM = {
  count_int: 12,
  sum: 18.4,
  schema: 1,
  zero_threshold: 0.001,
  zero_count_int: 2,
  positive_spans: [
    { offset: 0, length: 2 },
    { offset: 1, length: 2 },
  ],
  positive_deltas: [1, 1, -1, 0],
  negative_spans: [{ offset: -3, length: 2 }],
  negative_deltas: [2, 1],
  reset_hint: 2,
  timestamp: NOW_MS,
};
const DECODED_HISTOGRAM = {
  schema: 1,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 12,
  sum: 18.4,
  positiveSpans: [
    { offset: 0, length: 2 },
    { offset: 1, length: 2 },
  ],
  positiveBuckets: [1, 2, 1, 1],
  negativeSpans: [{ offset: -3, length: 2 }],
  negativeBuckets: [2, 3],
  counterResetHint: 'not_reset',
};

describe.each([
  ['1.0', V1, (series: SeriesV2[]) => encodeV1(series)],
  ['2.0', V2, (series: SeriesV2[]) => encodeV2(series)],
] as const)('remote write %s', (_version, contentType, encode) => {
  it('keeps values, labels and times exactly', async () => {
    const { sink, send } = sending(contentType);
    const values = [0, -0, 1.5, -1e308, Number.MIN_VALUE, Infinity, -Infinity, Number.NaN, 0.1 + 0.2];
    const labels = { __name__: 'm', ключ: 'значение', pod: 'a"b\\c\n', 'with.dot': '𝄞' };
    await send(encode([{ labels, samples: values.map((value, i) => [NOW_MS + i, value]) }]));
    expect(sink.samples.map(({ value }) => value)).toEqual(values);
    expect(sink.samples.map(({ timestampMs }) => timestampMs)).toEqual(values.map((_, i) => NOW_MS + i));
    expect(sink.samples[0]!.labels).toEqual(['__name__', 'm', 'pod', 'a"b\\c\n', 'with.dot', '𝄞', 'ключ', 'значение']);
  });

  it('tells the stale marker from every other NaN', async () => {
    const { sink, send } = sending(contentType);
    const body = encode([{ labels: { __name__: 'm' }, samples: [[NOW_MS, 77.25], [NOW_MS + 1, Number.NaN]] }]);
    await send(withBits(body, 77.25, STALE));
    expect(sink.samples[0]).toEqual({ labels: ['__name__', 'm'], timestampMs: NOW_MS, stale: true });
    expect(sink.samples[1]).toMatchObject({ timestampMs: NOW_MS + 1, value: Number.NaN });
  });

  it('reads times before 1970', async () => {
    const { sink, send } = sending(contentType);
    await send(encode([{ labels: { __name__: 'm' }, samples: [[-5, 1]] }]));
    expect(sink.samples[0]!.timestampMs).toBe(-5);
  });

  it('sorts labels as Prometheus does, and drops empty ones', async () => {
    const { sink, send } = sending(contentType);
    expect((await send(encode([{ labels: { job: 'j', __name__: 'm', empty: '', a: 'b' }, samples: [[NOW_MS, 1]] }]))).status).toBe(204);
    expect(sink.samples[0]!.labels).toEqual(['__name__', 'm', 'a', 'b', 'job', 'j']);
  });

  it('turns away series without a name', async () => {
    const { sink, send } = sending(contentType);
    const answer = await send(encode([{ labels: { job: 'j' }, samples: [[NOW_MS, 1], [NOW_MS + 1, 1]] }, ...numbered(1, NOW_MS)]));
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/wrote 1 samples, turned away 2: 2 missing_metric_name/);
    expect(sink.samples).toHaveLength(1);
  });

  it('turns away label values that are not UTF-8', async () => {
    const { sink, send } = sending(contentType);
    const body = Buffer.from(encode([{ labels: { __name__: 'm', a: 'QQQQ' }, samples: [[NOW_MS, 1]] }, ...numbered(1, NOW_MS)]));
    body[body.indexOf('QQQQ')] = 0xff;
    const answer = await send(body);
    expect(answer.text).toContain('1 invalid_label');
    expect(sink.samples).toHaveLength(1);
  });

  it('reads integer, float and custom-bucket histograms, and stale ones', async () => {
    const { sink, send } = sending(contentType);
    const float = {
      count_float: 3.5,
      sum: -1,
      schema: 0,
      zero_count_float: 0.5,
      positive_spans: [{ offset: -1, length: 2 }],
      positive_counts: [1.5, 1.5],
      reset_hint: 3,
      timestamp: NOW_MS + 1,
    };
    const custom = {
      count_int: 3,
      sum: 4,
      schema: -53,
      positive_spans: [{ offset: 1, length: 2 }],
      positive_deltas: [1, 1],
      custom_values: [0.5, 1, 2.5],
      timestamp: NOW_MS + 2,
    };
    const stale = { ...INT_HISTOGRAM, sum: 99.75, timestamp: NOW_MS + 3 };
    const body = encode([{ labels: { __name__: 'h' }, histograms: [INT_HISTOGRAM, float, custom, stale] }]);
    expect((await send(withBits(body, 99.75, STALE))).status).toBe(204);
    expect(sink.samples.map(({ histogram }) => histogram)).toEqual([
      DECODED_HISTOGRAM,
      {
        schema: 0,
        zeroThreshold: 0,
        zeroCount: 0.5,
        count: 3.5,
        sum: -1,
        positiveSpans: [{ offset: -1, length: 2 }],
        positiveBuckets: [1.5, 1.5],
        negativeSpans: [],
        negativeBuckets: [],
        counterResetHint: 'gauge',
      },
      {
        schema: -53,
        zeroThreshold: 0,
        zeroCount: 0,
        count: 3,
        sum: 4,
        positiveSpans: [{ offset: 1, length: 2 }],
        positiveBuckets: [1, 2],
        negativeSpans: [],
        negativeBuckets: [],
        customValues: [0.5, 1, 2.5],
        counterResetHint: 'unknown',
      },
      undefined,
    ]);
    expect(sink.samples[3]!.stale).toBe(true);
  });

  it('turns away histograms that contradict themselves', async () => {
    const { sink, send } = sending(contentType);
    const wrong = [
      { ...INT_HISTOGRAM, positive_deltas: [1, 1] },
      { ...INT_HISTOGRAM, positive_deltas: [1, -3, 1, 3] },
      { ...INT_HISTOGRAM, count_int: 3 },
      { ...INT_HISTOGRAM, schema: 9 },
      { ...INT_HISTOGRAM, positive_spans: [{ offset: 0, length: 2 }, { offset: -1, length: 2 }] },
      { ...INT_HISTOGRAM, schema: -53, custom_values: [1] },
    ];
    const answer = await send(encode([{ labels: { __name__: 'h' }, histograms: [...wrong, INT_HISTOGRAM] }]));
    expect(answer.text).toContain(`wrote 1 samples, turned away ${wrong.length}: ${wrong.length} invalid_histogram`);
    expect(sink.samples[0]!.histogram).toEqual(DECODED_HISTOGRAM);
  });

  it('reads exemplars', async () => {
    const { sink, send } = sending(contentType);
    const exemplars = [{ labels: { trace_id: 'abc', span_id: 'd' }, value: 0.7, timestamp: NOW_MS - 1 }];
    await send(encode([{ labels: { __name__: 'm' }, samples: [[NOW_MS, 1]], exemplars }]));
    expect(sink.exemplars).toEqual([{ series: ['__name__', 'm'], labels: ['trace_id', 'abc', 'span_id', 'd'], value: 0.7, timestampMs: NOW_MS - 1 }]);
  });

  it('does not refuse samples for an exemplar that it turns away', async () => {
    const { sink, send } = sending(contentType);
    sink.tooOldBeforeMs = NOW_MS;
    const exemplars = [NOW_MS - 1, NOW_MS].map((timestamp) => ({ labels: { trace_id: 'abc' }, value: 0.7, timestamp }));
    const answer = await send(encode([{ labels: { __name__: 'm' }, samples: [[NOW_MS, 1]], exemplars }]));
    expect(answer.status).toBe(204);
    expect([sink.samples.length, sink.exemplars.length]).toEqual([1, 1]);
    expect(answer.headers['x-prometheus-remote-write-exemplars-written']).toBe(contentType === V2 ? '1' : undefined);
    const mixed = await send(encode([{ labels: { __name__: 'm' }, samples: [[NOW_MS - 1, 1]], exemplars }]));
    expect(mixed).toMatchObject({ status: 400, text: expect.stringContaining('wrote 0 samples, turned away 1 and 1 exemplars: 2 too_old') as string });
  });

  it('interns a series once, and again for another key', async () => {
    const sink = new MemorySink();
    const route = openRoute(remoteWrite, testContext(sink), PATH);
    const headers = { 'content-type': contentType, 'content-encoding': 'snappy' };
    const body = (atMs: number) => snappy.compressSync(Buffer.from(encode(numbered(100, atMs))));
    for (let i = 0; i < 3; i++) await deliver(route, postRequest(PATH, headers, body(NOW_MS + i)));
    expect(sink.interned).toBe(100);
    await deliver(route, postRequest(PATH, headers, body(NOW_MS), 'key'));
    expect(sink.interned).toBe(200);
    expect(sink.samples).toHaveLength(400);
  });
});

describe('remote write 1.0', () => {
  it('takes bodies without headers, as Prometheus does', async () => {
    const { sink, send } = sending(undefined);
    expect((await send(encodeV1(numbered(2, NOW_MS)))).status).toBe(204);
    expect(sink.samples).toHaveLength(2);
  });

  it('keeps metadata', async () => {
    const { sink, send } = sending(`${V1}; proto=prometheus.WriteRequest`);
    const metadata = [{ type: 1, metric_family_name: 'http_requests', help: 'How many.', unit: 'requests' }, { type: 3, metric_family_name: 'h' }];
    expect((await send(encodeV1([], metadata))).status).toBe(204);
    expect(sink.metadata).toEqual([
      { metric: 'http_requests', type: 'counter', help: 'How many.', unit: 'requests' },
      { metric: 'h', type: 'histogram', help: '', unit: '' },
    ]);
  });

  it('reads series whose labels are scattered', async () => {
    const { sink, send } = sending(V1);
    const label = (name: string, value: string) => Buffer.from([0x0a, name.length + value.length + 4, 0x0a, name.length, ...Buffer.from(name), 0x12, value.length, ...Buffer.from(value)]);
    const sample = Buffer.from([0x12, 11, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 5]);
    for (const parts of [[sample, label('__name__', 'm'), label('a', 'b')], [label('__name__', 'm'), sample, label('a', 'b')]]) {
      const series = Buffer.concat(parts);
      expect((await send(Buffer.concat([Buffer.from([0x0a, series.length]), series]))).status).toBe(204);
    }
    expect(sink.samples).toEqual(Array.from({ length: 2 }, () => ({ labels: ['__name__', 'm', 'a', 'b'], timestampMs: 5, value: 1 })));
  });

  it('turns away repeated label names', async () => {
    const { sink, send } = sending(V1);
    const label = (value: string) => Buffer.from([0x0a, 6, 0x0a, 1, 0x61, 0x12, 1, ...Buffer.from(value)]);
    const sample = Buffer.from([0x12, 2, 0x10, 5]);
    const series = Buffer.concat([label('x'), label('y'), sample]);
    expect((await send(Buffer.concat([Buffer.from([0x0a, series.length]), series]))).text).toContain('1 invalid_label');
    expect(sink.samples).toEqual([]);
  });
});

describe('remote write 2.0', () => {
  it('says what it wrote, by kind', async () => {
    const { sink, send } = sending(V2);
    sink.tooOldBeforeMs = NOW_MS;
    const labels = { __name__: 'm' };
    const exemplars = [{ labels: {}, value: 1, timestamp: NOW_MS }];
    const answer = await send(
      encodeV2([{ labels, samples: [[NOW_MS - 1, 1], [NOW_MS, 1], [NOW_MS + 1, 2]], exemplars }, { labels: { __name__: 'h' }, histograms: [INT_HISTOGRAM] }]),
    );
    expect(answer.status).toBe(400);
    expect(answer.headers).toMatchObject({
      'x-prometheus-remote-write-samples-written': '2',
      'x-prometheus-remote-write-histograms-written': '1',
      'x-prometheus-remote-write-exemplars-written': '1',
    });
    expect(answer.text).toContain('wrote 3 samples, turned away 1: 1 too_old');
  });

  it('knows a series again under other references, and says its metadata once', async () => {
    const { sink, send } = sending(V2);
    const series = (atMs: number): SeriesV2[] =>
      numbered(3, atMs).map((one) => ({ ...one, metadata: { type: 1, help: 'Helps.', unit: 's' }, createdMs: NOW_MS - 1000 }));
    expect((await send(encodeV2(series(NOW_MS)))).status).toBe(204);
    expect((await send(encodeV2(series(NOW_MS + 1), 200))).status).toBe(204);
    expect(sink.interned).toBe(3);
    expect(sink.metadata).toEqual([{ metric: 'm', type: 'counter', help: 'Helps.', unit: 's' }]);
    expect(sink.samples.slice(0, 3).map(({ labels }) => labels)).toEqual(sink.samples.slice(3).map(({ labels }) => labels));
  });

  it('says metadata again after a body that was refused at its end', async () => {
    const { sink, send } = sending(V2);
    const body = encodeV2(numbered(1, NOW_MS).map((one) => ({ ...one, metadata: { type: 2, help: 'x', unit: '' } })));
    expect((await send(Buffer.concat([body, Buffer.from([0x2a, 9])]))).status).toBe(400);
    await send(body);
    expect(sink.metadata).toEqual([{ metric: 'm', type: 'gauge', help: 'x', unit: '' }]);
  });

  it('says metadata again after a commit that failed', async () => {
    const { sink, send } = sending(V2);
    const body = encodeV2(numbered(1, NOW_MS).map((one) => ({ ...one, metadata: { type: 2, help: 'x', unit: '' } })));
    sink.failure = new AppError('spool_full', 'full');
    expect((await send(body)).status).toBe(429);
    sink.failure = undefined;
    await send(body);
    expect(sink.metadata).toHaveLength(1);
  });

  it('refuses messages it does not know with 415, naming those it does', async () => {
    const { send } = sending('application/x-protobuf;proto=io.prometheus.write.v3.Request');
    const answer = await send(encodeV2(numbered(1, NOW_MS)));
    expect(answer.status).toBe(415);
    expect(answer.text).toContain('io.prometheus.write.v2.Request');
  });
});
