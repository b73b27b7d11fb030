import { performance } from 'node:perf_hooks';
import type { Exemplar, IngestReceipt, Labels, MetricBatch, MetricSink, NativeHistogram } from '@pitot/core';
import snappy from 'snappy';
import { NOW_MS, openRoute, postRequest, testContext } from '../fixtures/delivery.ts';
import { MemorySink } from '../fixtures/memory-sink.ts';
import { encodeV1, encodeV2, type SeriesV1 } from './fixtures/messages.ts';
import { remoteWrite } from './receiver.ts';

// Prints samples per CPU-second of this whole process for the decoder with its snappy, into a sink that only keeps columns.
// Run: node packages/server/src/receive/remote-write/decode.bench.ts

const SERIES = 10_000;
const SERIES_PER_REQUEST = 1_000;
const ROUNDS = 300;

/** Takes what the ingest's columns would take, and nothing else. */
class ColumnSink extends MemorySink implements MetricSink {
  readonly batch = new ColumnBatch();
  #next = 0;
  override intern(_labels: Labels): number {
    return this.#next++;
  }
  override begin(): MetricBatch {
    this.batch.reset();
    return this.batch;
  }
}

class ColumnBatch implements MetricBatch {
  #accepted = 0;
  readonly #series = new Int32Array(1 << 20);
  readonly #times = new Float64Array(1 << 20);
  readonly #values = new Float64Array(1 << 20);
  get accepted(): number {
    return this.#accepted;
  }
  reset(): void {
    this.#accepted = 0;
  }
  addFloat(series: number, timestampMs: number, value: number): void {
    const at = this.#accepted++;
    this.#series[at] = series;
    this.#times[at] = timestampMs;
    this.#values[at] = value;
  }
  addStale(): void {}
  addHistogram(_series: number, _timestampMs: number, _histogram: NativeHistogram): void {}
  addExemplar(_series: number, _exemplar: Exemplar): void {}
  addMetadata(): void {}
  reject(): void {}
  async commit(): Promise<IngestReceipt> {
    return { accepted: this.#accepted, rejected: 0, reasons: {} };
  }
}

function seriesOf(index: number, timestampMs: number): SeriesV1 {
  const labels = {
    __name__: `http_requests_${index % 50}_total`,
    cluster: 'production-eu-west-1',
    container: `service-${index % 97}`,
    endpoint: 'metrics',
    handler: `/api/v1/things/${index % 31}`,
    instance: `10.0.${index % 200}.${index % 251}:8080`,
    job: `kubernetes-pods-${index % 13}`,
    method: index % 2 === 0 ? 'GET' : 'POST',
    namespace: `namespace-${index % 20}`,
    pod: `service-${index % 97}-7d9f8b6c5d-${index}`,
  };
  return { labels, samples: [[timestampMs, Math.round(1000 * Math.sin(index)) / 10]] };
}

function bodies(encode: (series: SeriesV1[]) => Uint8Array): Buffer[] {
  return Array.from({ length: SERIES / SERIES_PER_REQUEST }, (_, request) => {
    const first = request * SERIES_PER_REQUEST;
    const series = Array.from({ length: SERIES_PER_REQUEST }, (_, i) => seriesOf(first + i, NOW_MS));
    return snappy.compressSync(Buffer.from(encode(series)));
  });
}

async function measure(name: string, message: string, encoded: readonly Buffer[]): Promise<void> {
  const route = openRoute(remoteWrite, testContext(new ColumnSink()), '/api/v1/write');
  const headers = { 'content-type': `application/x-protobuf;proto=${message}`, 'content-encoding': 'snappy' };
  const requests = encoded.map((body) => postRequest('/api/v1/write', headers, body));
  for (let round = 0; round < 20; round++) for (const request of requests) await route.handle(request);
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  for (let round = 0; round < ROUNDS; round++) {
    for (const request of requests) {
      const { status } = await route.handle(request);
      if (status !== 204) throw new Error(`status ${status}`);
    }
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const samples = ROUNDS * SERIES;
  const cpuSeconds = (user + system) / 1e6;
  const bytes = encoded.reduce((sum, body) => sum + body.length, 0) / SERIES;
  process.stdout.write(
    `${name}: ${Math.round(samples / cpuSeconds).toLocaleString('en')} samples per CPU-second ` +
      `(${((cpuSeconds * 1e6) / samples).toFixed(3)} µs each, ${bytes.toFixed(0)} bytes compressed; ` +
      `${((performance.now() - before) / 1000).toFixed(2)} s)\n`,
  );
}

await measure('remote write 1.0', 'prometheus.WriteRequest', bodies(encodeV1));
await measure('remote write 2.0', 'io.prometheus.write.v2.Request', bodies(encodeV2));
