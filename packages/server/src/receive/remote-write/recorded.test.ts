import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import snappy from 'snappy';
import { describe, expect, it } from 'vitest';
import { deliver, openRoute, postRequest, testContext } from '../fixtures/delivery.ts';
import { MemorySink } from '../fixtures/memory-sink.ts';
import { decodeV1 } from './fixtures/messages.ts';
import { remoteWrite } from './receiver.ts';

/** Bodies that Prometheus 2.42 sent, with the headers that it sends. */
const HEADERS = {
  'content-encoding': 'snappy',
  'content-type': 'application/x-protobuf',
  'user-agent': 'Prometheus/2.42.0',
  'x-prometheus-remote-write-version': '0.1.0',
};

function recorded(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, 'fixtures', `prometheus-2.42-${name}.snappy`));
}

async function take(name: string): Promise<MemorySink> {
  const sink = new MemorySink();
  const route = openRoute(remoteWrite, testContext(sink), '/api/v1/write');
  expect((await deliver(route, postRequest('/api/v1/write', HEADERS, recorded(name)))).status).toBe(204);
  return sink;
}

describe('bodies recorded from Prometheus', () => {
  it.each(['samples', 'stale'])('%s decode to what protobufjs reads', async (name) => {
    const sink = await take(name);
    const expected = decodeV1(snappy.uncompressSync(recorded(name)) as Buffer).flatMap(({ labels, samples }) =>
      samples.map(({ value, timestamp }) => ({ labels, value, timestampMs: timestamp })),
    );
    expect(expected).toHaveLength(15);
    // A stale marker reads as some NaN through a number.
    const taken = sink.samples.map(({ labels, timestampMs, value, stale }) => ({ labels, value: stale === true ? Number.NaN : value, timestampMs }));
    expect(taken).toEqual(expected);
  });

  it('values are exact', async () => {
    const sink = await take('samples');
    expect(sink.ofMetric('shop_orders_total').map(({ value }) => value)).toEqual([12.5, 3]);
    expect(sink.ofMetric('shop_latency_seconds_bucket').map(({ value }) => value)).toEqual(expect.arrayContaining([4, 7, 9]));
    expect(sink.ofMetric('shop_size').map(({ value }) => value)).toEqual([Number.NaN, Infinity]);
    expect(sink.exemplars.map(({ labels, value, timestampMs }) => [labels, value, timestampMs])).toEqual([
      [['span_id', 'd4', 'trace_id', 'abc123'], 0.75, 1_700_000_000_125],
    ]);
  });

  it('stale markers are told apart', async () => {
    const sink = await take('stale');
    expect(sink.samples.filter(({ stale }) => stale).map(({ labels }) => labels[labels.indexOf('__name__') + 1])).toEqual(['shop_going']);
  });

  it('metadata is read', async () => {
    const sink = await take('metadata');
    expect(sink.metadata.toSorted((a, b) => (a.metric < b.metric ? -1 : 1))).toEqual([
      { metric: 'shop_going', type: 'gauge', help: '', unit: '' },
      { metric: 'shop_latency_seconds', type: 'histogram', help: 'Latency.', unit: 'seconds' },
      { metric: 'shop_orders', type: 'counter', help: 'Orders taken.', unit: '' },
      { metric: 'shop_size', type: 'gauge', help: '', unit: '' },
    ]);
  });
});
