import type { Labels } from '@pitot/core';
import type { CompiledSelector } from './label-matching.ts';

/** A series in memory. `days` are UTC days since the epoch on which it was seen, ascending. */
export interface SeriesEntry {
  readonly id: bigint;
  /** Hash of the metric name: first part of the samples' key. */
  readonly metric: number;
  readonly labels: Labels;
  days: readonly number[];
}

/** Below this many series, looking at each is faster than an index. */
const INDEX_FROM = 256;

/** The series of one metric name, with an index by label value that is made when it is first useful. */
export class MetricEntry {
  readonly name: string;
  /** Complete for this day and all later ones. */
  fromDay: number;
  usedAt = 0;
  readonly series = new Map<bigint, SeriesEntry>();
  readonly #postings = new Map<string, Map<string, SeriesEntry[]>>();

  constructor(name: string, fromDay: number) {
    this.name = name;
    this.fromDay = fromDay;
  }

  /** Answers whether the series is new. */
  add(entry: SeriesEntry): boolean {
    const known = this.series.get(entry.id);
    if (known) {
      known.days = union(known.days, entry.days);
      return false;
    }
    this.series.set(entry.id, entry);
    for (const [label, postings] of this.#postings) post(postings, label, entry);
    return true;
  }

  /** Series that match and were seen on any of the days. */
  *find(selector: CompiledSelector, minDay: number, maxDay: number): Generator<SeriesEntry> {
    for (const entry of this.#candidates(selector)) {
      if (seenWithin(entry.days, minDay, maxDay) && (selector.onlyName || selector.matchesLabels(entry.labels))) yield entry;
    }
  }

  #candidates({ equal }: CompiledSelector): Iterable<SeriesEntry> {
    if (this.series.size < INDEX_FROM || equal.length === 0) return this.series.values();
    let fewest: readonly SeriesEntry[] | undefined;
    for (const { name, value } of equal) {
      const found = this.#posting(name).get(value) ?? [];
      if (fewest === undefined || found.length < fewest.length) fewest = found;
    }
    return fewest!;
  }

  #posting(label: string): Map<string, SeriesEntry[]> {
    let postings = this.#postings.get(label);
    if (postings === undefined) {
      this.#postings.set(label, (postings = new Map()));
      for (const entry of this.series.values()) post(postings, label, entry);
    }
    return postings;
  }
}

function post(postings: Map<string, SeriesEntry[]>, label: string, entry: SeriesEntry): void {
  const { labels } = entry;
  for (let i = 0; i < labels.length; i += 2) {
    if (labels[i] !== label) continue;
    const list = postings.get(labels[i + 1]!);
    if (list) list.push(entry);
    else postings.set(labels[i + 1]!, [entry]);
    return;
  }
}

function seenWithin(days: readonly number[], minDay: number, maxDay: number): boolean {
  for (let i = days.length - 1; i >= 0; i--) {
    const day = days[i]!;
    if (day < minDay) return false;
    if (day <= maxDay) return true;
  }
  return false;
}

function union(a: readonly number[], b: readonly number[]): readonly number[] {
  if (b.every((day) => a.includes(day))) return a;
  return [...new Set([...a, ...b])].sort((x, y) => x - y);
}
