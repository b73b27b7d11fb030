/**
 * The load of the metric benchmarks, the same bytes for every server: 10,000 series with 10 labels each (10 metrics × 1,000 series),
 * one sample per series every 15 s, 1,000 samples a request. Seeded, so that two runs differ only in their timestamps.
 */
import snappy from 'snappy';

export const METRICS = [
  ...[0, 1, 2, 3, 4, 5].map((i) => `bench_requests_${i}_total`),
  'bench_queue_depth',
  'bench_cpu_usage_ratio',
  'bench_temperature_celsius',
  'bench_latency_seconds_bucket',
] as const;

const SERIES_PER_METRIC = 1000;
export const SERIES_COUNT = METRICS.length * SERIES_PER_METRIC;
export const INTERVAL_MS = 15_000;
const SAMPLES_PER_REQUEST = 1000;
const BUCKETS = ['0.005', '0.01', '0.025', '0.05', '0.1', '0.25', '0.5', '1', '2.5', '+Inf'];

/** xorshift32: numbers in [0, 1). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 0x1_0000_0000;
  };
}

class Series {
  readonly labelBytes: Buffer;
  readonly #metric: string;
  readonly #bucket: number;
  readonly #random: () => number;
  #value = 0;

  constructor(metric: (typeof METRICS)[number], index: number) {
    this.#metric = metric;
    this.#bucket = index % BUCKETS.length;
    this.#random = seededRandom(0x9e37 + index * 7919 + metric.length * 104_729);
    const isBucket = metric.endsWith('_bucket');
    const entity = isBucket ? Math.floor(index / BUCKETS.length) : index;
    const labels: Record<string, string> = {
      __name__: metric,
      cluster: `production-eu-central-1`,
      container: `app-${entity % 40}`,
      instance: `10.42.${entity % 200}.${Math.floor(entity / 4)}:8080`,
      job: `service-${entity % 50}`,
      namespace: `team-${entity % 20}`,
      node: `ip-10-0-${entity % 30}-17.eu-central-1.compute.internal`,
      pod: `app-${entity % 40}-6f7c9d8b5-${((entity + METRICS.indexOf(metric) * 7919) * 2_654_435_761 % 0xffffff).toString(36)}`,
      region: 'eu-central-1',
      ...(isBucket ? { le: BUCKETS[this.#bucket]! } : { team: `squad-${entity % 12}` }),
    };
    const names = Object.keys(labels).sort();
    this.labelBytes = Buffer.concat(names.map((name) => field(1, Buffer.concat([textField(1, name), textField(2, labels[name]!)]))));
  }

  /** Counters grow by whole numbers, gauges wander with two decimals, buckets grow with their bound. */
  next(): number {
    const r = this.#random();
    if (this.#metric.endsWith('_total')) this.#value += Math.floor(r * 50);
    else if (this.#metric.endsWith('_bucket')) this.#value += (this.#bucket + 1) * 3;
    else if (this.#metric.endsWith('_ratio')) this.#value = Math.round(r * 10_000) / 10_000;
    else if (this.#metric.endsWith('_celsius')) this.#value = Math.round((this.#value || 40) * 10 + (r - 0.5) * 20) / 10;
    else this.#value = Math.floor(r * 200);
    return this.#value;
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function field(number: number, body: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(body.length), body]);
}

function textField(number: number, text: string): Buffer {
  return field(number, Buffer.from(text));
}

function sampleField(value: number, timestampMs: number): Buffer {
  const double = Buffer.alloc(9);
  double[0] = (1 << 3) | 1;
  double.writeDoubleLE(value, 1);
  return field(2, Buffer.concat([double, Buffer.from([2 << 3]), varint(timestampMs)]));
}

/** Snappy-compressed WriteRequest bodies, in the order they are to be sent. */
export function remoteWriteBodies(rounds: number, firstTimestampMs: number): Buffer[] {
  // Series of one metric are not neighbours on the wire, as they are not when a real Prometheus shards its queue.
  const series = Array.from({ length: SERIES_COUNT }, (_, i) => new Series(METRICS[i % METRICS.length]!, Math.floor(i / METRICS.length)));
  const bodies: Buffer[] = [];
  for (let round = 0; round < rounds; round++) {
    const timestampMs = firstTimestampMs + round * INTERVAL_MS;
    for (let from = 0; from < SERIES_COUNT; from += SAMPLES_PER_REQUEST) {
      const parts = series
        .slice(from, from + SAMPLES_PER_REQUEST)
        .map((one) => field(1, Buffer.concat([one.labelBytes, sampleField(one.next(), timestampMs)])));
      bodies.push(snappy.compressSync(Buffer.concat(parts)));
    }
  }
  return bodies;
}
