import { AppError, labelsToObject } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { receiverConformance, type ConformanceSubject } from '../conformance.ts';
import { deliver, NOW_MS, openRoute, postRequest, testContext, type Delivered } from '../fixtures/delivery.ts';
import { MemorySink } from '../fixtures/memory-sink.ts';
import { attributesOf, CUMULATIVE, decodeResponse, decodeStatus, DELTA, encodeRequest, nanoseconds, requestOf } from './fixtures/messages.ts';
import { otlp } from './receiver.ts';

const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const NOW = nanoseconds(NOW_MS);

function gauges(samples: number, timestampMs: number): object {
  const dataPoints = Array.from({ length: samples }, (_, i) => ({
    timeUnixNano: nanoseconds(timestampMs),
    asDouble: i + 0.5,
    attributes: attributesOf({ i: String(i) }),
  }));
  return requestOf([{ name: 'm', gauge: { dataPoints } }]);
}

const shared = { receiver: otlp, encodings: ['identity', 'gzip', 'deflate'] } as const;

const subjects: ConformanceSubject[] = [
  ...['/v1/metrics', '/api/v1/otlp/v1/metrics'].map(
    (path): ConformanceSubject => ({
      ...shared,
      path,
      contentType: PROTOBUF,
      payload: (samples, timestampMs) => encodeRequest(gauges(samples, timestampMs)),
      malformed: [
        { name: 'text', payload: Buffer.from('this is not protobuf'), says: /byte \d+/ },
        { name: 'a resource that is longer than the body', payload: Buffer.from([0x0a, 0x7f, 0x0a]), says: /byte 1: a field of 127 bytes/ },
      ],
      emptyStatus: 200,
      everyCutIsMalformed: false,
      rejectedOf: ({ body }) => (decodeResponse(body)['partialSuccess'] as { rejectedDataPoints: number }).rejectedDataPoints,
    }),
  ),
  {
    ...shared,
    path: '/v1/metrics',
    contentType: JSON_TYPE,
    payload: (samples, timestampMs) => Buffer.from(JSON.stringify(gauges(samples, timestampMs))),
    malformed: [
      { name: 'text', payload: Buffer.from('{"resourceMetrics": nonsense}'), says: /not JSON: .*nonsense/ },
      { name: 'an array', payload: Buffer.from('[]'), says: /the body is not an object/ },
      {
        name: 'a wrong field',
        payload: Buffer.from(JSON.stringify(requestOf([{ name: 'm', gauge: { dataPoints: [{ timeUnixNano: 'soon' }] } }]))),
        says: /resourceMetrics\[0\]\.scopeMetrics\[0\]\.metrics\[0\]\.gauge\.dataPoints\[0\]\.timeUnixNano is not an integer/,
      },
      { name: 'an id that is not hexadecimal', payload: Buffer.from(JSON.stringify(exemplarRequest('xyz'))), says: /traceId is not hexadecimal/ },
      { name: 'bytes that are not UTF-8', payload: Buffer.from([0x22, 0xff, 0x22]), says: /UTF-8/ },
    ],
    emptyStatus: 400,
    everyCutIsMalformed: true,
    rejectedOf: ({ text }) => Number((JSON.parse(text) as { partialSuccess: { rejectedDataPoints: string } }).partialSuccess.rejectedDataPoints),
  },
];
for (const subject of subjects) receiverConformance(subject);

function exemplarRequest(traceId: string): object {
  const exemplars = [{ timeUnixNano: NOW, asDouble: 1, traceId }];
  return requestOf([{ name: 'm', gauge: { dataPoints: [{ timeUnixNano: NOW, asInt: '1', exemplars }] } }]);
}

class Door {
  readonly sink = new MemorySink();
  nowMs = NOW_MS;
  readonly #route = openRoute(
    otlp,
    testContext(this.sink, {}, () => this.nowMs),
    '/v1/metrics',
  );

  /** Sends as protobuf, or as JSON. */
  async send(request: object, contentType: string = PROTOBUF): Promise<Delivered> {
    const body = contentType === PROTOBUF ? encodeRequest(request) : Buffer.from(JSON.stringify(request));
    return await deliver(this.#route, postRequest('/v1/metrics', { 'content-type': contentType }, body));
  }

  async sendMetric(metric: object, resource: Record<string, string> = { 'service.name': 'shop' }): Promise<Delivered> {
    return await this.send(requestOf([metric], resource));
  }

  /** Name and labels to value, of the samples of one time. */
  values(timestampMs: number = NOW_MS): Record<string, unknown> {
    const all = this.sink.samples.filter((sample) => sample.timestampMs === timestampMs);
    return Object.fromEntries(
      all.map(({ labels, value, stale }) => {
        const { __name__: name, ...rest } = labelsToObject(labels);
        const text = Object.entries(rest).map(([key, content]) => `${key}="${content}"`);
        return [`${name}{${text.join(',')}}`, stale === true ? 'stale' : value];
      }),
    );
  }
}

const HISTOGRAM_POINT = { startTimeUnixNano: nanoseconds(NOW_MS - 60_000), timeUnixNano: NOW, count: 10, sum: 12.5, explicitBounds: [0.005, 1, 1e21], bucketCounts: [1, 2, 3, 4] };

describe.each([PROTOBUF, JSON_TYPE])('OTLP metrics as %s', (contentType) => {
  it('translates gauges, sums, histograms and summaries as Prometheus does', async () => {
    const door = new Door();
    const attributes = attributesOf({ 'http.method': 'GET', code: 200, ok: true, ratio: 0.5 });
    const one = (value: object) => [{ timeUnixNano: NOW, attributes, ...value }];
    const request = requestOf(
      [
        { name: 'queue.size', unit: '{items}', gauge: { dataPoints: one({ asInt: '-3' }) } },
        { name: 'load', unit: '1', gauge: { dataPoints: one({ asDouble: 0.25 }) } },
        { name: 'http.requests', unit: '1', sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints: one({ asInt: '12' }) } },
        { name: 'connections', sum: { aggregationTemporality: CUMULATIVE, dataPoints: one({ asInt: '4' }) } },
        { name: 'latency', unit: 's', histogram: { aggregationTemporality: CUMULATIVE, dataPoints: [HISTOGRAM_POINT] } },
        { name: 'gc', unit: 'ms', summary: { dataPoints: [{ timeUnixNano: NOW, count: 3, sum: 7, quantileValues: [{ quantile: 0.5, value: 2 }, { quantile: 1, value: 4 }] }] } },
      ],
      { 'service.name': 'shop', 'service.namespace': 'web', 'service.instance.id': 'i-1' },
    );
    const answer = await door.send(request, contentType);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(contentType);
    expect(answer.text).toBe(contentType === PROTOBUF ? '' : '{}');
    const tail = 'code="200",http_method="GET",instance="i-1",job="web/shop",ok="true",ratio="0.5"';
    const who = 'instance="i-1",job="web/shop"';
    expect(door.values()).toEqual({
      [`queue_size{${tail}}`]: -3,
      [`load_ratio{${tail}}`]: 0.25,
      [`http_requests_total{${tail}}`]: 12,
      [`connections{${tail}}`]: 4,
      [`latency_seconds_count{${who}}`]: 10,
      [`latency_seconds_sum{${who}}`]: 12.5,
      [`latency_seconds_bucket{${who},le="0.005"}`]: 1,
      [`latency_seconds_bucket{${who},le="1"}`]: 3,
      [`latency_seconds_bucket{${who},le="1000000000000000000000"}`]: 6,
      [`latency_seconds_bucket{${who},le="+Inf"}`]: 10,
      [`gc_milliseconds_count{${who}}`]: 3,
      [`gc_milliseconds_sum{${who}}`]: 7,
      [`gc_milliseconds{${who},quantile="0.5"}`]: 2,
      [`gc_milliseconds{${who},quantile="1"}`]: 4,
    });
  });

  it('keeps times to the millisecond and integers to 2^53', async () => {
    const door = new Door();
    const times = ['1735787045999999999', '1735787046000000000', '1735787046000999999', '1735787046001000000'];
    const dataPoints = times.map((timeUnixNano) => ({ timeUnixNano, asInt: '-9007199254740991' }));
    await door.send(requestOf([{ name: 'm', gauge: { dataPoints } }]), contentType);
    expect(door.sink.samples.map(({ timestampMs }) => timestampMs)).toEqual([1735787045999, 1735787046000, 1735787046000, 1735787046001]);
    expect(door.sink.samples[0]!.value).toBe(-9007199254740991);
  });

  it('turns exponential histograms into native ones', async () => {
    const door = new Door();
    const point = {
      timeUnixNano: NOW,
      count: 11,
      sum: -2.5,
      scale: 3,
      zeroCount: 2,
      zeroThreshold: 0.25,
      positive: { offset: -2, bucketCounts: [1, 0, 0, 2, 0, 0, 0, 3] },
      negative: { offset: 5, bucketCounts: [3] },
    };
    await door.send(requestOf([{ name: 'h', exponentialHistogram: { aggregationTemporality: CUMULATIVE, dataPoints: [point] } }]), contentType);
    expect(door.sink.samples[0]).toEqual({
      labels: ['__name__', 'h', 'job', 'shop'],
      timestampMs: NOW_MS,
      histogram: {
        schema: 3,
        zeroThreshold: 0.25,
        zeroCount: 2,
        count: 11,
        sum: -2.5,
        positiveSpans: [
          { offset: -1, length: 4 },
          { offset: 3, length: 1 },
        ],
        positiveBuckets: [1, 0, 0, 2, 3],
        negativeSpans: [{ offset: 6, length: 1 }],
        negativeBuckets: [3],
        counterResetHint: 'unknown',
      },
    });
  });

  it('attaches exemplars, to the bucket of a histogram', async () => {
    const door = new Door();
    const hex = { traceId: '0102030405060708090a0b0c0d0e0f10', spanId: '0102030405060708' };
    const ids = contentType === JSON_TYPE ? hex : { traceId: Buffer.from(hex.traceId, 'hex'), spanId: Buffer.from(hex.spanId, 'hex') };
    const exemplars = [
      { timeUnixNano: NOW, asDouble: 0.7, ...ids, filteredAttributes: attributesOf({ user: 'u1' }) },
      { timeUnixNano: NOW, asInt: '2', filteredAttributes: attributesOf({ big: 'x'.repeat(200) }) },
    ];
    const histogram = { aggregationTemporality: CUMULATIVE, dataPoints: [{ ...HISTOGRAM_POINT, exemplars }] };
    const sum = { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints: [{ timeUnixNano: NOW, asInt: '1', exemplars: exemplars.slice(0, 1) }] };
    await door.send(requestOf([{ name: 'h', histogram }, { name: 'c', sum }]), contentType);
    const traced = ['span_id', hex.spanId, 'trace_id', hex.traceId, 'user', 'u1'];
    expect(door.sink.exemplars).toEqual([
      { series: ['__name__', 'h_bucket', 'job', 'shop', 'le', '1'], labels: traced, value: 0.7, timestampMs: NOW_MS },
      { series: ['__name__', 'h_bucket', 'job', 'shop', 'le', '1000000000000000000000'], labels: [], value: 2, timestampMs: NOW_MS },
      { series: ['__name__', 'c_total', 'job', 'shop'], labels: traced, value: 0.7, timestampMs: NOW_MS },
    ]);
  });

  it('marks points without a recorded value as stale', async () => {
    const door = new Door();
    const none = { timeUnixNano: NOW, flags: 1 };
    await door.send(
      requestOf([
        { name: 'g', gauge: { dataPoints: [none] } },
        { name: 'h', histogram: { aggregationTemporality: CUMULATIVE, dataPoints: [{ ...none, sum: 0, explicitBounds: [1] }] } },
        { name: 'e', exponentialHistogram: { aggregationTemporality: CUMULATIVE, dataPoints: [none] } },
      ]),
      contentType,
    );
    const names = ['g{job="shop"}', 'h_count{job="shop"}', 'h_sum{job="shop"}', 'h_bucket{job="shop",le="1"}', 'h_bucket{job="shop",le="+Inf"}', 'e{job="shop"}'];
    expect(door.values()).toEqual(Object.fromEntries(names.map((name) => [name, 'stale'])));
  });
});

describe('OTLP labels', () => {
  const gauge = (attributes: Record<string, string>) => ({ name: 'm', gauge: { dataPoints: [{ timeUnixNano: NOW, asInt: 1, attributes: attributesOf(attributes) }] } });

  it('sanitizes names and joins those that collide', async () => {
    const door = new Door();
    await door.sendMetric(gauge({ 'a.b': 'second', 'a_b': 'third', 'a-b': 'first', '1x': 'one', _y: 'two', __z: 'three', job: 'not this', empty: '' }));
    expect(door.sink.samples[0]!.labels).toEqual(
      ['__name__', 'm', '__z', 'three', 'a_b', 'first;second;third', 'job', 'shop', 'key_1x', 'one', 'key_y', 'two'],
    );
  });

  it('promotes the environment under its present and its former name', async () => {
    const door = new Door();
    await door.sendMetric(gauge({}), { 'service.name': 'a', 'deployment.environment': 'old' });
    await door.sendMetric(gauge({}), { 'service.name': 'b', 'deployment.environment': 'old', 'deployment.environment.name': 'new' });
    const environments = door.sink.ofMetric('m').map(({ labels }) => labelsToObject(labels)['deployment_environment_name']);
    expect(environments).toEqual(['old', 'new']);
  });

  it('writes lists, maps, bytes and large integers as the Collector does', async () => {
    const door = new Door();
    const attributes = [
      { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { intValue: 1 }, {}] } } },
      { key: 'map', value: { kvlistValue: { values: [{ key: 'b', value: { boolValue: true } }, { key: 'a', value: { doubleValue: 1.5 } }] } } },
      { key: 'bytes', value: { bytesValue: Buffer.from('hi') } },
      { key: 'large', value: { intValue: '9223372036854775807' } },
    ];
    await door.send(requestOf([{ name: 'm', gauge: { dataPoints: [{ timeUnixNano: NOW, asInt: 1, attributes }] } }]));
    expect(labelsToObject(door.sink.samples[0]!.labels)).toMatchObject({
      list: '["a",1,null]',
      map: '{"a":1.5,"b":true}',
      bytes: 'aGk=',
      large: '9223372036854775807',
    });
  });

  it('writes target_info with the other attributes, at most once a minute', async () => {
    const door = new Door();
    const resource = { 'service.name': 'shop', 'service.instance.id': 'i', 'host.name': 'h', 'deployment.environment.name': 'prod' };
    const at = (ms: number) => ({ name: 'm', gauge: { dataPoints: [{ timeUnixNano: nanoseconds(ms), asInt: 1 }] } });
    for (const offsetMs of [0, 10_000, 59_999, 60_000, 70_000]) await door.sendMetric(at(NOW_MS + offsetMs), resource);
    const infos = door.sink.ofMetric('target_info');
    expect(infos.map(({ timestampMs }) => timestampMs - NOW_MS)).toEqual([0, 60_000]);
    expect(infos[0]).toMatchObject({ value: 1, labels: ['__name__', 'target_info', 'deployment_environment_name', 'prod', 'host_name', 'h', 'instance', 'i', 'job', 'shop'] });
  });

  it('writes no target_info that nothing can be joined with, or that says nothing', async () => {
    const door = new Door();
    await door.sendMetric(gauge({}), { 'host.name': 'h' });
    await door.sendMetric(gauge({}), { 'service.name': 's', 'service.instance.id': 'i' });
    expect(door.sink.ofMetric('target_info')).toEqual([]);
  });

  it('writes target_info again after a commit that failed', async () => {
    const door = new Door();
    const resource = { 'service.name': 's', 'host.name': 'h' };
    door.sink.failure = new AppError('spool_full', 'full', { retryAfterSeconds: 3 });
    const answer = await door.sendMetric(gauge({}), resource);
    expect(answer.status).toBe(429);
    expect(decodeStatus(answer.body)).toEqual({ code: 8, message: 'spool_full: full' });
    door.sink.failure = undefined;
    await door.sendMetric(gauge({}), resource);
    expect(door.sink.ofMetric('target_info')).toHaveLength(1);
    expect(door.sink.metadata).toHaveLength(1);
  });

  it('turns away attributes that are not UTF-8, and metrics without a name', async () => {
    const door = new Door();
    const body = Buffer.from(encodeRequest(requestOf([gauge({ a: 'QQQQ' }), { ...gauge({}), name: '' }, { ...gauge({}), name: '...' }, gauge({ b: '\ufffd' })])));
    body[body.indexOf('QQQQ')] = 0xff;
    const route = openRoute(otlp, testContext(door.sink), '/v1/metrics');
    const answer = await deliver(route, postRequest('/v1/metrics', { 'content-type': PROTOBUF }, body));
    expect(decodeResponse(answer.body)['partialSuccess']).toMatchObject({ rejectedDataPoints: 3 });
    expect(answer.text).toContain('1 invalid_label');
    expect(answer.text).toContain('2 missing_metric_name');
    expect(door.sink.samples).toHaveLength(1);
  });
});

describe('OTLP metadata', () => {
  it('is said once per metric, with the unit in words', async () => {
    const door = new Door();
    const dataPoints = [0, 1].map((i) => ({ timeUnixNano: NOW, asInt: i, attributes: attributesOf({ i }) }));
    const metric = { name: 'io', unit: 'By/s', description: 'Bytes.', sum: { isMonotonic: true, aggregationTemporality: CUMULATIVE, dataPoints } };
    await door.sendMetric(metric);
    await door.sendMetric(metric, { 'service.name': 'other' });
    expect(door.sink.metadata).toEqual([{ metric: 'io_bytes_per_second_total', type: 'counter', help: 'Bytes.', unit: 'bytes_per_second' }]);
  });
});

describe('OTLP deltas', () => {
  const START = NOW_MS - 60_000;
  const sum = (value: number, ms: number, startMs: number = ms - 1000) => ({
    name: 'c',
    sum: { isMonotonic: true, aggregationTemporality: DELTA, dataPoints: [{ startTimeUnixNano: nanoseconds(startMs), timeUnixNano: nanoseconds(ms), asInt: value }] },
  });

  it('are added up, also after handles became void', async () => {
    const door = new Door();
    await door.sendMetric(sum(5, NOW_MS));
    await door.sendMetric(sum(0, NOW_MS + 1000));
    door.sink.evict();
    await door.sendMetric(sum(7, NOW_MS + 2000));
    expect(door.sink.ofMetric('c_total').map(({ value }) => value)).toEqual([5, 5, 12]);
  });

  it('are not counted twice when they come again, and not when the commit failed', async () => {
    const door = new Door();
    await door.sendMetric(sum(5, NOW_MS));
    const again = await door.sendMetric(sum(5, NOW_MS));
    expect(again.text).toContain('1 duplicate_timestamp');
    expect((await door.sendMetric(sum(5, NOW_MS - 1000))).text).toContain('1 too_old');
    door.sink.failure = new AppError('store_unavailable', 'down');
    expect((await door.sendMetric(sum(7, NOW_MS + 1000))).status).toBe(503);
    door.sink.failure = undefined;
    expect((await door.sendMetric(sum(7, NOW_MS + 1000))).status).toBe(200);
    expect(door.sink.ofMetric('c_total').map(({ value }) => value)).toEqual([5, 12]);
  });

  it('are not kept from a body that was refused', async () => {
    const door = new Door();
    const whole = encodeRequest(requestOf([sum(5, NOW_MS)]));
    const route = openRoute(otlp, testContext(door.sink), '/v1/metrics');
    const send = (body: Uint8Array) => deliver(route, postRequest('/v1/metrics', { 'content-type': PROTOBUF }, body));
    expect((await send(Buffer.concat([whole, Buffer.from([0x0a, 0x05])]))).status).toBe(400);
    expect((await send(whole)).status).toBe(200);
    expect(door.sink.ofMetric('c_total').map(({ value }) => value)).toEqual([5]);
  });

  it('that reach back before the series began are turned away', async () => {
    const door = new Door();
    await door.sendMetric(sum(5, NOW_MS, START));
    expect((await door.sendMetric(sum(5, NOW_MS + 1000, START - 1))).text).toContain('1 too_old');
    expect((await door.sendMetric(sum(1, NOW_MS + 1000, NOW_MS))).text).toBe('');
    expect(door.sink.ofMetric('c_total').map(({ value }) => value)).toEqual([5, 6]);
  });

  it('that are negative or not finite are turned away where the sum is monotonic', async () => {
    const door = new Door();
    expect((await door.sendMetric(sum(-1, NOW_MS))).text).toContain('1 invalid_value');
    expect(door.sink.samples).toEqual([]);
  });

  it('of histograms are added up, and begin anew with other bounds', async () => {
    const door = new Door();
    const histogram = (ms: number, bounds: number[], bucketCounts: number[]) => {
      const count = bucketCounts.reduce((a, b) => a + b);
      return { name: 'h', histogram: { aggregationTemporality: DELTA, dataPoints: [{ timeUnixNano: nanoseconds(ms), count, sum: count, explicitBounds: bounds, bucketCounts }] } };
    };
    await door.sendMetric(histogram(NOW_MS, [1], [1, 2]));
    await door.sendMetric(histogram(NOW_MS + 1, [1], [3, 4]));
    await door.sendMetric(histogram(NOW_MS + 2, [2], [1, 0]));
    expect(door.values(NOW_MS + 1)).toEqual({ 'h_count{job="shop"}': 10, 'h_sum{job="shop"}': 10, 'h_bucket{job="shop",le="1"}': 4, 'h_bucket{job="shop",le="+Inf"}': 10 });
    expect(door.values(NOW_MS + 2)).toMatchObject({ 'h_count{job="shop"}': 1, 'h_bucket{job="shop",le="2"}': 1 });
  });

  it('of exponential histograms are added at the coarser scale and the wider zero bucket', async () => {
    const door = new Door();
    const exponential = (ms: number, point: object) => ({ name: 'e', exponentialHistogram: { aggregationTemporality: DELTA, dataPoints: [{ timeUnixNano: nanoseconds(ms), ...point }] } });
    await door.sendMetric(exponential(NOW_MS, { count: 4, sum: 1, scale: 1, zeroCount: 1, positive: { offset: 0, bucketCounts: [1, 2] } }));
    await door.sendMetric(exponential(NOW_MS + 1, { count: 3, sum: 2, scale: 0, zeroThreshold: 1.5, positive: { offset: 0, bucketCounts: [0, 3] } }));
    expect(door.sink.ofMetric('e')[1]!.histogram).toEqual({
      schema: 0,
      zeroThreshold: 1.5,
      // The first point's bucket (1, 2] reaches into the wider zero bucket.
      zeroCount: 4,
      count: 7,
      sum: 3,
      positiveSpans: [{ offset: 2, length: 1 }],
      positiveBuckets: [3],
      negativeSpans: [],
      negativeBuckets: [],
      counterResetHint: 'unknown',
    });
  });
});

describe('OTLP histograms', () => {
  const exponential = (point: object) => ({ name: 'e', exponentialHistogram: { aggregationTemporality: CUMULATIVE, dataPoints: [{ timeUnixNano: NOW, ...point }] } });

  it('with a scale above 8 are made coarser', async () => {
    const door = new Door();
    await door.sendMetric(exponential({ count: 6, scale: 10, positive: { offset: -5, bucketCounts: [1, 1, 1, 1, 1, 1] } }));
    // OpenTelemetry's buckets -5…0 at scale 10 are -2, -1 (four of them) and 0 at scale 8; Prometheus counts one further.
    expect(door.sink.samples[0]!.histogram).toMatchObject({ schema: 8, zeroThreshold: 1e-128, positiveSpans: [{ offset: -1, length: 3 }], positiveBuckets: [1, 4, 1] });
  });

  it('with a scale below -4, a wrong count or no temporality are turned away', async () => {
    const door = new Door();
    expect((await door.sendMetric(exponential({ count: 0, scale: -5 }))).text).toContain('1 unsupported');
    expect((await door.sendMetric(exponential({ count: 1, scale: 0, positive: { offset: 0, bucketCounts: [2] } }))).text).toContain('1 invalid_histogram');
    expect((await door.sendMetric({ name: 's', sum: { dataPoints: [{ timeUnixNano: NOW, asInt: 1 }] } })).text).toContain('1 unsupported');
    const wrong = [{ bucketCounts: [1, 2, 3] }, { count: 9 }, { explicitBounds: [1, 1, 2] }];
    for (const change of wrong) {
      const dataPoints = [{ ...HISTOGRAM_POINT, ...change }];
      expect((await door.sendMetric({ name: 'h', histogram: { aggregationTemporality: CUMULATIVE, dataPoints } })).text).toContain('1 invalid_histogram');
    }
    expect(door.sink.samples).toEqual([]);
  });

  it('count as one data point when some of their series are refused', async () => {
    const door = new Door();
    door.sink.refuse = (labels) => (labels.includes('+Inf') || labels.includes('h_sum') ? 'active_series_limit' : undefined);
    const answer = await door.sendMetric({ name: 'h', histogram: { aggregationTemporality: CUMULATIVE, dataPoints: [HISTOGRAM_POINT] } });
    expect(decodeResponse(answer.body)['partialSuccess']).toMatchObject({ rejectedDataPoints: 1 });
    expect(door.sink.samples).toHaveLength(4);
  });
});

describe('OTLP bodies made to hurt', () => {
  const attribute = (value: object) => requestOf([{ name: 'm', gauge: { dataPoints: [{ timeUnixNano: NOW, asInt: 1, attributes: [{ key: 'a', value }] }] } }]);

  it('are refused: too many attributes, elements, buckets, or too deep', async () => {
    const door = new Door();
    let deep: object = { intValue: 1 };
    for (let i = 0; i < 40; i++) deep = { arrayValue: { values: [deep] } };
    const bodies = [
      [attribute(deep), /nested/],
      [attribute({ arrayValue: { values: Array.from({ length: 20_000 }, () => ({})) } }), /more than 10000 elements/],
      [
        requestOf([{ name: 'm', gauge: { dataPoints: [{ timeUnixNano: NOW, asInt: 1, attributes: Array.from({ length: 20_000 }, () => ({})) }] } }]),
        /more than 10000 attributes/,
      ],
      [
        requestOf([{ name: 'm', exponentialHistogram: { aggregationTemporality: CUMULATIVE, dataPoints: [{ positive: { bucketCounts: Array.from({ length: 100_001 }, () => 0) } }] } }]),
        /more than 100000 buckets/,
      ],
    ] as const;
    for (const [body, says] of bodies) {
      const answer = await door.send(body);
      expect(answer.status).toBe(400);
      expect(answer.text).toMatch(says);
    }
    expect(door.sink.commits).toBe(0);
  });

  it('keep prototype names out of the fields that are read', async () => {
    const door = new Door();
    const answer = await deliver(
      openRoute(otlp, testContext(door.sink), '/v1/metrics'),
      postRequest('/v1/metrics', { 'content-type': JSON_TYPE }, Buffer.from('{"__proto__":{"a":1},"constructor":1,"toString":[],"resourceMetrics":null}')),
    );
    expect(answer.status).toBe(200);
  });
});
