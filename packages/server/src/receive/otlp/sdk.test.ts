import { setTimeout as sleep } from 'node:timers/promises';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationTemporality, AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { labelsToObject } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { testContext } from '../fixtures/delivery.ts';
import { DoorServer } from '../fixtures/door-server.ts';
import { MemorySink } from '../fixtures/memory-sink.ts';
import { otlp } from './receiver.ts';

const HOUR_MS = 3_600_000;

describe.each([
  ['protobuf', ProtobufExporter],
  ['JSON', JsonExporter],
] as const)('the OpenTelemetry SDK for Node, %s', (_format, Exporter) => {
  function providerFor(server: DoorServer, temporalityPreference: AggregationTemporality): MeterProvider {
    const exporter = new Exporter({ url: `http://${server.address}/v1/metrics`, temporalityPreference });
    return new MeterProvider({
      resource: resourceFromAttributes({
        'service.name': 'checkout',
        'service.namespace': 'shop',
        'service.instance.id': 'i-7',
        'deployment.environment.name': 'staging',
        'host.name': 'h1',
      }),
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: HOUR_MS })],
      views: [{ instrumentName: 'size', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    });
  }

  it('arrives with Prometheus names, labels and values', async () => {
    const sink = new MemorySink();
    await using server = await DoorServer.open(otlp.open(testContext(sink, {}, Date.now)));
    const provider = providerFor(server, AggregationTemporality.CUMULATIVE);
    const meter = provider.getMeter('test', '1.2.3');
    const route = { 'http.route': '/cart/{id}', code: 200 };
    meter.createCounter('http.requests', { unit: '{request}', description: 'Requests taken.' }).add(3, route);
    meter.createUpDownCounter('queue').add(-2);
    meter.createGauge('temperature', { unit: 'Cel' }).record(21.5);
    meter.createObservableGauge('utilization', { unit: '1' }).addCallback((result) => result.observe(0.5, { cpu: '0' }));
    const latency = meter.createHistogram('latency', { unit: 'ms', advice: { explicitBucketBoundaries: [5, 10.5] } });
    for (const value of [1, 7, 7, 100]) latency.record(value, route);
    const size = meter.createHistogram('size', { unit: 'By' });
    for (const value of [1, 2, 4, 0]) size.record(value);
    await provider.forceFlush();
    await provider.shutdown();

    expect(server.received.map(({ status }) => status)).toEqual(server.received.map(() => 200));
    const resource = { deployment_environment_name: 'staging', instance: 'i-7', job: 'shop/checkout' };
    const point = { ...resource, http_route: '/cart/{id}', code: '200' };
    const first = (name: string) => sink.ofMetric(name).map(({ labels, value }) => ({ ...labelsToObject(labels), value }))[0];
    expect(first('http_requests_total')).toEqual({ __name__: 'http_requests_total', ...point, value: 3 });
    expect(first('queue')).toEqual({ __name__: 'queue', ...resource, value: -2 });
    expect(first('temperature_celsius')).toEqual({ __name__: 'temperature_celsius', ...resource, value: 21.5 });
    expect(first('utilization_ratio')).toEqual({ __name__: 'utilization_ratio', ...resource, cpu: '0', value: 0.5 });
    expect(first('target_info')).toEqual({ __name__: 'target_info', ...resource, host_name: 'h1', value: 1 });
    const buckets = sink.ofMetric('latency_milliseconds_bucket').slice(0, 3);
    expect(buckets.map(({ labels, value }) => [labelsToObject(labels), value])).toEqual(
      (
        [
          ['5', 1],
          ['10.5', 3],
          ['+Inf', 4],
        ] as const
      ).map(([le, value]) => [{ __name__: 'latency_milliseconds_bucket', ...point, le }, value]),
    );
    expect(first('latency_milliseconds_sum')?.value).toBe(115);
    expect(first('latency_milliseconds_count')?.value).toBe(4);
    const { histogram } = sink.ofMetric('size_bytes')[0]!;
    expect(histogram).toMatchObject({ count: 4, sum: 7, zeroCount: 1, negativeSpans: [], counterResetHint: 'unknown' });
    expect(histogram?.positiveBuckets.reduce((sum, count) => sum + count, 0)).toBe(3);
    expect(sink.metadata).toContainEqual({ metric: 'http_requests_total', type: 'counter', help: 'Requests taken.', unit: '' });
    const timesMs = sink.samples.map(({ timestampMs }) => Math.abs(timestampMs - Date.now()));
    expect(Math.max(...timesMs)).toBeLessThan(60_000);
  });

  it('adds its deltas up', async () => {
    const sink = new MemorySink();
    await using server = await DoorServer.open(otlp.open(testContext(sink, {}, Date.now)));
    const provider = providerFor(server, AggregationTemporality.DELTA);
    const meter = provider.getMeter('test');
    const counter = meter.createCounter('jobs');
    const histogram = meter.createHistogram('wait', { unit: 's', advice: { explicitBucketBoundaries: [1] } });
    const size = meter.createHistogram('size');
    for (const value of [2, 3]) {
      counter.add(value);
      histogram.record(value / 2);
      size.record(value);
      await provider.forceFlush();
      await sleep(5);
    }
    await provider.shutdown();
    expect(sink.ofMetric('jobs_total').map(({ value }) => value)).toEqual([2, 5]);
    expect(sink.ofMetric('wait_seconds_bucket').map(({ value }) => value)).toEqual([1, 1, 1, 2]);
    expect(sink.ofMetric('wait_seconds_sum').map(({ value }) => value)).toEqual([1, 2.5]);
    expect(sink.ofMetric('size').map(({ histogram: taken }) => [taken?.count, taken?.sum])).toEqual([
      [1, 2],
      [2, 5],
    ]);
  });
});
