/** Pitot's own metrics, exposed at `GET /metrics`. Names start with `pitot_` and end in their unit. */
export interface Meter {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  gauge(name: string, help: string, labelNames?: readonly string[]): Gauge;
  /** Reads the value when scraped. */
  observe(name: string, help: string, read: () => number): void;
  histogram(name: string, help: string, buckets: readonly number[], labelNames?: readonly string[]): Histogram;
}

export interface Counter {
  inc(by?: number, labels?: Readonly<Record<string, string>>): void;
}

export interface Gauge {
  set(value: number, labels?: Readonly<Record<string, string>>): void;
}

export interface Histogram {
  observe(value: number, labels?: Readonly<Record<string, string>>): void;
}
