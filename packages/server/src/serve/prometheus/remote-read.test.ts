import type { NativeHistogram } from '@pitot/core';
import protobuf from 'protobufjs';
import { compress, uncompress } from 'snappy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryReader } from '../../../../promql/src/memory-reader.ts';
import { NOW_MS, send, startServer } from '../fixtures/running-server.ts';
import type { HttpServers } from '../http-servers.ts';

/** The messages as Prometheus declares them (prompb), so that the hand-written codec is held against another one. */
const { root } = protobuf.parse(`
  syntax = "proto3";
  message ReadRequest { repeated Query queries = 1; }
  message Query { int64 start_timestamp_ms = 1; int64 end_timestamp_ms = 2; repeated LabelMatcher matchers = 3; ReadHints hints = 4; }
  message ReadHints { int64 step_ms = 1; string func = 2; }
  message LabelMatcher { enum Type { EQ = 0; NEQ = 1; RE = 2; NRE = 3; } Type type = 1; string name = 2; string value = 3; }
  message ReadResponse { repeated QueryResult results = 1; }
  message QueryResult { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Histogram histograms = 4; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }
  message Histogram {
    oneof count { uint64 count_int = 1; double count_float = 2; }
    double sum = 3; sint32 schema = 4; double zero_threshold = 5;
    oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
    repeated BucketSpan negative_spans = 8; repeated double negative_counts = 10;
    repeated BucketSpan positive_spans = 11; repeated double positive_counts = 13;
    int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16;
  }
`);
const Request = root.lookupType('ReadRequest');
const Response = root.lookupType('ReadResponse');

const histogram: NativeHistogram = {
  schema: 3,
  zeroThreshold: 0.001,
  zeroCount: 2,
  count: 7,
  sum: 12.5,
  positiveSpans: [{ offset: -2, length: 2 }],
  positiveBuckets: [1, 3],
  negativeSpans: [{ offset: 5, length: 1 }],
  negativeBuckets: [1],
  counterResetHint: 'gauge',
};

describe('remote read', () => {
  let servers: HttpServers;
  beforeAll(async () => {
    const reader = new MemoryReader();
    reader.appendFloat(['__name__', 'up', 'job', 'b'], NOW_MS - 2000, 0.5);
    reader.appendStale(['__name__', 'up', 'job', 'b'], NOW_MS - 1000);
    reader.appendFloat(['__name__', 'up', 'job', 'a'], NOW_MS - 2000, -Infinity);
    reader.appendFloat(['__name__', 'up', 'job', 'a'], NOW_MS - 90_000, 1);
    reader.appendHistogram(['__name__', 'latency'], NOW_MS - 2000, histogram);
    servers = await startServer({ reader });
  });
  afterAll(() => servers.close());

  const post = (body: Uint8Array) =>
    send(servers.urls.main, '/api/v1/read', { method: 'POST', headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' }, body });
  const matcher = (type: number, name: string, value: string) => ({ type, name, value });
  const query = (...matchers: object[]) => ({ startTimestampMs: NOW_MS - 60_000, endTimestampMs: NOW_MS, matchers, hints: { stepMs: 1000, func: 'rate' } });

  it('answers each query with its series in order', async () => {
    const request = { queries: [query(matcher(0, '__name__', 'up')), query(matcher(2, '__name__', 'lat.*'), matcher(1, 'job', 'x')), query(matcher(3, '__name__', '.*'))] };
    const answer = await post(await compress(Buffer.from(Request.encode(Request.create(request)).finish())));
    expect([answer.status, answer.headers['content-type'], answer.headers['content-encoding']]).toEqual([200, 'application/x-protobuf', 'snappy']);
    const bytes = (await uncompress(answer.body, { asBuffer: true })) as Buffer;
    const decoded = Response.toObject(Response.decode(bytes), { longs: Number });
    expect(decoded['results']).toEqual([
      {
        timeseries: [
          { labels: [{ name: '__name__', value: 'up' }, { name: 'job', value: 'a' }], samples: [{ value: -Infinity, timestamp: NOW_MS - 2000 }] },
          {
            labels: [{ name: '__name__', value: 'up' }, { name: 'job', value: 'b' }],
            samples: [{ value: 0.5, timestamp: NOW_MS - 2000 }, { value: NaN, timestamp: NOW_MS - 1000 }],
          },
        ],
      },
      {
        timeseries: [
          {
            labels: [{ name: '__name__', value: 'latency' }],
            histograms: [
              {
                countFloat: 7,
                sum: 12.5,
                schema: 3,
                zeroThreshold: 0.001,
                zeroCountFloat: 2,
                negativeSpans: [{ offset: 5, length: 1 }],
                negativeCounts: [1],
                positiveSpans: [{ offset: -2, length: 2 }],
                positiveCounts: [1, 3],
                resetHint: 3,
                timestamp: NOW_MS - 2000,
              },
            ],
          },
        ],
      },
      {},
    ]);
    // Prometheus' stale marker, bit by bit: 0x7ff0000000000002, little-endian.
    expect(bytes.includes(Buffer.from([0x09, 2, 0, 0, 0, 0, 0, 0xf0, 0x7f]))).toBe(true);
  });

  it.each([
    ['nothing', new Uint8Array(0), 400],
    ['what is not snappy', Buffer.from('hello world'), 400],
    ['what claims to be enormous', Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]), 413],
  ])('refuses %s', async (_name, body, status) => {
    expect(await post(body)).toMatchObject({ status, json: { status: 'error', errorType: 'bad_data' } });
  });

  it('refuses snappy around what is no request, and queries without matchers', async () => {
    expect((await post(await compress(Buffer.from([0x0a, 0xff, 0xff])))).status).toBe(400);
    expect((await post(await compress(Buffer.from(Request.encode(Request.create({ queries: [query()] })).finish())))).json).toMatchObject({ error: expect.stringContaining('no matchers') });
  });
});
