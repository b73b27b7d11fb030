import { labelsFromObject, type Labels, type MetricBatch, type MetricMetadata, type MetricSink } from '@pitot/core';

interface Series {
  readonly labels: Labels;
  handle: number;
  epoch: number;
  round: number;
}

const SOURCE = { receiver: 'host', isOwn: true };

/** Writes rounds of samples: remembers series by name and label values, so that a steady round builds no labels. */
export class SeriesWriter {
  readonly #sink: MetricSink;
  readonly #common: Readonly<Record<string, string>>;
  readonly #metadata: readonly MetricMetadata[];
  readonly #series = new Map<string, Series>();
  #described = false;
  #round = 0;
  #batch: MetricBatch;
  #timestampMs = 0;

  constructor(sink: MetricSink, common: Readonly<Record<string, string>>, metadata: readonly MetricMetadata[]) {
    this.#sink = sink;
    this.#common = common;
    this.#metadata = metadata;
    this.#batch = sink.begin(SOURCE);
  }

  begin(timestampMs: number): void {
    this.#round++;
    this.#timestampMs = timestampMs;
    this.#batch = this.#sink.begin(SOURCE);
  }

  /** Adds one sample; `pairs` are further labels as name, value, name, value. */
  add(name: string, value: number, ...pairs: readonly string[]): void {
    const key = pairs.length === 0 ? name : `${name}\u{0}${pairs.join('\u{0}')}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      const labels: Record<string, string> = { ...this.#common, __name__: name };
      for (let i = 0; i < pairs.length; i += 2) labels[pairs[i]!] = pairs[i + 1]!;
      series = { labels: labelsFromObject(labels), handle: -1, epoch: -1, round: 0 };
      this.#series.set(key, series);
    }
    if (!this.#intern(series)) return;
    series.round = this.#round;
    this.#batch.addFloat(series.handle, this.#timestampMs, value);
  }

  /** Ends what this round did not mention, and makes the round durable. What fails is thrown, and owed to the next round. */
  async commit(): Promise<void> {
    const ended: string[] = [];
    for (const [key, series] of this.#series) {
      if (series.round === this.#round) continue;
      ended.push(key);
      if (series.round > 0 && this.#intern(series)) this.#batch.addStale(series.handle, this.#timestampMs);
    }
    if (!this.#described) for (const one of this.#metadata) this.#batch.addMetadata(one);
    await this.#batch.commit();
    this.#described = true;
    for (const key of ended) this.#series.delete(key);
  }

  #intern(series: Series): boolean {
    const { epoch } = this.#sink;
    if (series.epoch === epoch && series.handle >= 0) return true;
    const handle = this.#sink.intern(series.labels, SOURCE);
    if (typeof handle !== 'number') {
      this.#batch.reject(handle);
      return false;
    }
    series.handle = handle;
    series.epoch = epoch;
    return true;
  }
}
