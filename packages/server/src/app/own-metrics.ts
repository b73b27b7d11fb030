import { labelsFromObject, METRIC_NAME, type Clock, type Counter, type Gauge, type Histogram, type Logger, type Meter, type MetricSink } from '@pitot/core';
import * as prom from 'prom-client';

const JOB = 'pitot';
const RECORD_INTERVAL_MS = 15_000;

export interface OwnMetrics {
  readonly meter: Meter;
  /** The text exposition of everything measured. */
  exposition(): Promise<{ contentType: string; text: string }>;
  /** Writes everything measured into the store too, every 15 s under job="pitot", so that it can be charted. Answers how to stop. */
  record(sink: MetricSink, instance: string, clock: Clock, log: Logger): () => void;
}

/** Pitot's own metrics on prom-client, with the process' usual ones (`process_*`, `nodejs_*`). */
export function createOwnMetrics(): OwnMetrics {
  const registry = new prom.Registry();
  prom.collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const meter: Meter = {
    counter(name, help, labelNames = []): Counter {
      const counter = new prom.Counter({ name, help, labelNames, registers });
      return { inc: (by = 1, labels) => (labels ? counter.inc(labels, by) : counter.inc(by)) };
    },
    gauge(name, help, labelNames = []): Gauge {
      const gauge = new prom.Gauge({ name, help, labelNames, registers });
      return { set: (value, labels) => (labels ? gauge.set(labels, value) : gauge.set(value)) };
    },
    observe(name, help, read): void {
      const gauge = new prom.Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(read());
        },
      });
      registry.registerMetric(gauge);
    },
    histogram(name, help, buckets, labelNames = []): Histogram {
      const histogram = new prom.Histogram({ name, help, labelNames, buckets: [...buckets], registers });
      return { observe: (value, labels) => (labels ? histogram.observe(labels, value) : histogram.observe(value)) };
    },
  };
  return {
    meter,
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    record(sink, instance, clock, log) {
      const timer = setInterval(() => {
        recordOnce(registry, sink, instance, clock.nowMs()).catch((error: unknown) => {
          log.warn({ error: String(error) }, 'own metrics were not recorded this time');
        });
      }, RECORD_INTERVAL_MS);
      return () => clearInterval(timer);
    },
  };
}

async function recordOnce(registry: prom.Registry, sink: MetricSink, instance: string, nowMs: number): Promise<void> {
  const families = await registry.getMetricsAsJSON();
  const source = { receiver: 'pitot', isOwn: true };
  const batch = sink.begin(source);
  for (const family of families) {
    for (const sample of family.values) {
      const name = (sample as { metricName?: string }).metricName ?? family.name;
      const labels = Object.fromEntries(Object.entries(sample.labels).map(([label, value]) => [label, String(value)]));
      const series = sink.intern(labelsFromObject({ ...labels, job: JOB, instance, [METRIC_NAME]: name }), source);
      if (typeof series === 'number') batch.addFloat(series, nowMs, sample.value);
      else batch.reject(series);
    }
    batch.addMetadata({ metric: family.name, type: METADATA_TYPE[String(family.type)] ?? 'unknown', help: family.help, unit: '' });
  }
  await batch.commit();
}

const METADATA_TYPE: Readonly<Record<string, 'counter' | 'gauge' | 'histogram' | 'summary'>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  summary: 'summary',
};
