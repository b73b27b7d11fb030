import type { Counter, Gauge, Histogram, Meter } from '@pitot/core';
import * as prom from 'prom-client';

export interface OwnMetrics {
  readonly meter: Meter;
  /** The text exposition of everything measured. */
  exposition(): Promise<{ contentType: string; text: string }>;
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
      new prom.Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    histogram(name, help, buckets, labelNames = []): Histogram {
      const histogram = new prom.Histogram({ name, help, labelNames, buckets: [...buckets], registers });
      return { observe: (value, labels) => (labels ? histogram.observe(labels, value) : histogram.observe(value)) };
    },
  };
  return {
    meter,
    exposition: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
