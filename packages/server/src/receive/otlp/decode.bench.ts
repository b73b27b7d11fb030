import { gzipSync } from 'node:zlib';
import { ColumnSink } from '../fixtures/column-sink.ts';
import { printRate } from '../fixtures/cpu-time.ts';
import { NOW_MS, openRoute, postRequest, testContext } from '../fixtures/delivery.ts';
import { attributesOf, CUMULATIVE, encodeRequest, nanoseconds } from './fixtures/messages.ts';
import { otlp } from './receiver.ts';

// Data points per CPU-second of the OTLP door, into a sink that only keeps columns; 10,000 points in 10 requests of one resource with
// 8 attributes, 6 attributes a point. Run: node packages/server/src/receive/otlp/decode.bench.ts

const POINTS = 10_000;
const REQUESTS = 10;
const PATH = '/v1/metrics';
const TIMES = { startTimeUnixNano: nanoseconds(NOW_MS - 60_000), timeUnixNano: nanoseconds(NOW_MS) };

function requestOf(request: number, metric: (dataPoints: object[]) => object, value: object): object {
  const resource = {
    'service.name': `service-${request}`,
    'service.namespace': 'shop',
    'service.instance.id': `6f0e3a50-0000-4000-8000-00000000000${request}`,
    'host.name': 'ip-10-0-0-17',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
    'deployment.environment.name': 'production',
    'k8s.pod.name': 'checkout-7d9f8b6c5d-x2v9p',
  };
  const metrics = Array.from({ length: 20 }, (_, m) => {
    const dataPoints = Array.from({ length: POINTS / REQUESTS / 20 }, (_unused, i) => ({
      ...TIMES,
      ...value,
      attributes: attributesOf({
        'http.request.method': i % 2 === 0 ? 'GET' : 'POST',
        'http.response.status_code': 200 + (i % 5),
        'http.route': `/api/v1/things/${i}`,
        'network.protocol.version': '1.1',
        'server.address': 'shop.example.com',
        'url.scheme': 'https',
      }),
    }));
    return { name: `http.server.metric.${m}`, unit: 's', description: 'A metric.', ...metric(dataPoints) };
  });
  return { resourceMetrics: [{ resource: { attributes: attributesOf(resource) }, scopeMetrics: [{ scope: { name: 'bench' }, metrics }] }] };
}

async function measure(name: string, metric: (dataPoints: object[]) => object, value: object, format: 'protobuf' | 'json' | 'gzip', rounds: number): Promise<void> {
  const route = openRoute(otlp, testContext(new ColumnSink()), PATH);
  const headers: Record<string, string> = { 'content-type': format === 'json' ? 'application/json' : 'application/x-protobuf' };
  if (format === 'gzip') headers['content-encoding'] = 'gzip';
  const requests = Array.from({ length: REQUESTS }, (_, i) => {
    const request = requestOf(i, metric, value);
    if (format === 'json') return postRequest(PATH, headers, Buffer.from(JSON.stringify(request)));
    const bytes = encodeRequest(request);
    return postRequest(PATH, headers, format === 'gzip' ? gzipSync(bytes) : bytes);
  });
  await printRate(`otlp ${name}, ${format}`, 'points', route, requests, POINTS, rounds);
}

const sum = (dataPoints: object[]) => ({ sum: { isMonotonic: true, aggregationTemporality: CUMULATIVE, dataPoints } });
const histogram = (dataPoints: object[]) => ({ histogram: { aggregationTemporality: CUMULATIVE, dataPoints } });
const buckets = { count: 45, sum: 12.5, explicitBounds: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5], bucketCounts: [1, 2, 3, 4, 5, 6, 7, 8, 9] };

await measure('sums', sum, { asDouble: 12.5 }, 'protobuf', 200);
await measure('sums', sum, { asDouble: 12.5 }, 'gzip', 100);
await measure('sums', sum, { asDouble: 12.5 }, 'json', 10);
await measure('histograms of 9 buckets', histogram, buckets, 'protobuf', 100);
