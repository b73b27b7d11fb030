import { AppError, type LabelMatcher, type Logger } from '@pitot/core';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { NativeReader } from '../clickhouse/native-reader.ts';
import { compileSelector, type CompiledSelector } from './label-matching.ts';
import { MetricEntry, type SeriesEntry } from './metric-entry.ts';
import { Interner, readInsertedSeries, readSeriesRows, SERIES_COLUMNS, type SeriesRow } from './series-rows.ts';

export interface SeriesIndexOptions {
  readonly clickhouse: ClickHouse;
  readonly log: Logger;
  readonly nowMs: () => number;
  /** Series kept in memory; least recently used metrics go first. */
  readonly mostSeries: number;
  /** How often to ask for series that other processes have inserted; 0 where this process hears of all inserts. */
  readonly refreshMs: number;
}

export interface Lookup {
  readonly selectors: readonly (readonly LabelMatcher[])[];
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly maxSeries?: number;
  readonly signal?: AbortSignal;
}

/** Of one metric: the series that match, and whether that is all the metric has. */
export interface MatchedMetric {
  readonly entry: MetricEntry;
  readonly series: readonly SeriesEntry[];
}

const DAY_MS = 86_400_000;
const LAST_DAY = 65_535;
/** A refresh looks this far behind the last one: clocks differ, and replicas lag. */
const REFRESH_OVERLAP_SECONDS = 60;

/**
 * The series of the metrics that were asked for, in memory. A metric is loaded with all its series from a day on; what is
 * inserted later is learned from the inserts, so a warm lookup asks the engine nothing.
 */
export class SeriesIndex {
  readonly #options: SeriesIndexOptions;
  readonly #metrics = new Map<string, MetricEntry>();
  readonly #loading = new Map<string, Promise<void>>();
  readonly #interner = new Interner();
  /** Names of all metrics seen on `fromDay` or later; undefined until a selector without a name comes. */
  #names: { readonly known: Set<string>; fromDay: number } | undefined;
  #seriesCount = 0;
  #uses = 0;
  #refreshedMs: number;
  #refreshing: Promise<void> | undefined;

  constructor(options: SeriesIndexOptions) {
    this.#options = options;
    this.#refreshedMs = options.nowMs();
  }

  get seriesCount(): number {
    return this.#seriesCount;
  }

  /** Series that match any of the selectors and were seen on a day of the time range; each once. */
  async find(lookup: Lookup): Promise<MatchedMetric[]> {
    await this.#refresh();
    const { minDay, maxDay } = dayRange(lookup);
    const selectors = lookup.selectors.map(compileSelector);
    const entries = await this.#entries(selectors, minDay, lookup);
    const found: MatchedMetric[] = [];
    let count = 0;
    for (const entry of entries) {
      const series = matchingSeries(entry, selectors, minDay, maxDay);
      if (series.length === 0) continue;
      count += series.length;
      if (count > (lookup.maxSeries ?? Infinity)) throw tooManySeries(lookup.maxSeries!);
      found.push({ entry, series });
    }
    this.#evict();
    return found;
  }

  /** Takes what was just inserted into metric_series. */
  learn(blocks: readonly Uint8Array[]): void {
    const wanted = (name: string): boolean => {
      this.#names?.known.add(name);
      return this.#metrics.has(name);
    };
    for (const block of blocks) this.#take(readInsertedSeries(block, this.#interner, wanted));
  }

  clear(): void {
    this.#metrics.clear();
    this.#names = undefined;
    this.#seriesCount = 0;
  }

  #take(rows: readonly SeriesRow[]): void {
    for (const { name, ...series } of rows) {
      const entry = this.#metrics.get(name);
      if (entry?.add(series)) this.#seriesCount++;
    }
  }

  async #entries(selectors: readonly CompiledSelector[], minDay: number, lookup: Lookup): Promise<MetricEntry[]> {
    const names = await this.#matchingNames(selectors, minDay, lookup.signal);
    await this.#load(names, minDay, lookup);
    const uses = ++this.#uses;
    const entries: MetricEntry[] = [];
    for (const name of names) {
      const entry = this.#metrics.get(name);
      if (!entry) continue;
      entry.usedAt = uses;
      entries.push(entry);
    }
    return entries;
  }

  async #matchingNames(selectors: readonly CompiledSelector[], minDay: number, signal: AbortSignal | undefined): Promise<Set<string>> {
    const names = new Set<string>();
    for (const selector of selectors) {
      const given = selector.metricName === undefined ? selector.metricNames : [selector.metricName];
      const known = given ?? (await this.#allNames(minDay, signal));
      for (const name of known) if (selector.matchesName(name)) names.add(name);
    }
    return names;
  }

  async #allNames(minDay: number, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
    if (this.#names && this.#names.fromDay <= minDay) return this.#names.known;
    const fromDay = Math.min(minDay, this.#yesterday());
    const known = this.#names?.known ?? new Set<string>();
    // Set first, so that what is inserted while the engine answers is learned too.
    const names = { known, fromDay: LAST_DAY };
    this.#names ??= names;
    const sql = "SELECT DISTINCT CAST(name, 'String') FROM metric_series WHERE day >= toDate({day:UInt16})";
    const reader = new NativeReader(await this.#options.clickhouse.query(sql, { params: { day: fromDay }, ...(signal && { signal }) }));
    while (!reader.done) {
      const { rows } = reader.block();
      reader.column();
      for (const name of reader.strings(rows)) this.#names.known.add(name);
    }
    this.#names.fromDay = Math.min(this.#names.fromDay, fromDay);
    return this.#names.known;
  }

  /** Loads the metrics that are not in memory from the day on, all in one query; waits for those that others are loading. */
  async #load(names: ReadonlySet<string>, minDay: number, lookup: Lookup): Promise<void> {
    const pending = new Set<Promise<void>>();
    const missing: string[] = [];
    for (const name of names) {
      const loading = this.#loading.get(name);
      if (loading) pending.add(loading);
      else if (!this.#isLoaded(name, minDay)) missing.push(name);
    }
    if (missing.length > 0) {
      const fromDay = Math.min(minDay, this.#yesterday());
      const load = this.#loadNow(missing, fromDay, lookup.maxSeries).finally(() => {
        for (const name of missing) this.#loading.delete(name);
      });
      for (const name of missing) this.#loading.set(name, load);
      pending.add(load);
    }
    await Promise.all(pending);
    // What another query loaded may not reach back far enough for this one.
    const again = [...names].filter((name) => !this.#isLoaded(name, minDay) && !this.#loading.has(name));
    if (pending.size > 0 && again.length > 0) await this.#loadNow(again, minDay, lookup.maxSeries);
  }

  async #loadNow(names: readonly string[], fromDay: number, maxSeries: number | undefined): Promise<void> {
    const before = names.map((name) => this.#metrics.has(name));
    for (const name of names) if (!this.#metrics.has(name)) this.#metrics.set(name, new MetricEntry(name, LAST_DAY + 1));
    const most = maxSeries ?? this.#options.mostSeries;
    // Series of other selectors on the same metrics are loaded too: the limit is not meant for them, but memory is.
    const limit = Math.max(4 * most, this.#options.mostSeries) + 1;
    const sql =
      `SELECT ${SERIES_COLUMNS} FROM metric_series WHERE name IN {names:Array(String)} AND day >= toDate({day:UInt16}) ` +
      'GROUP BY name, metric, series LIMIT {limit:UInt64}';
    try {
      const bytes = await this.#options.clickhouse.query(sql, { params: { names, day: fromDay, limit } });
      const rows = readSeriesRows(bytes, this.#interner);
      if (rows.length >= limit) throw tooManySeries(most);
      this.#take(rows);
      for (const name of names) {
        const entry = this.#metrics.get(name);
        if (entry && entry.series.size > 0) entry.fromDay = Math.min(entry.fromDay, fromDay);
        // Names that do not exist cost a query each time they are asked for, but no memory.
        else this.#metrics.delete(name);
      }
    } catch (error) {
      names.forEach((name, i) => {
        if (!before[i]) this.#forget(name);
      });
      throw error;
    }
  }

  #isLoaded(name: string, minDay: number): boolean {
    const entry = this.#metrics.get(name);
    return entry !== undefined && entry.fromDay <= minDay;
  }

  #forget(name: string): void {
    this.#seriesCount -= this.#metrics.get(name)?.series.size ?? 0;
    this.#metrics.delete(name);
  }

  #evict(): void {
    if (this.#seriesCount <= this.#options.mostSeries) return;
    this.#options.log.debug({ series: this.#seriesCount, mostSeries: this.#options.mostSeries }, 'metrics that were not used lately leave the series index');
    const oldest = [...this.#metrics.values()].sort((a, b) => a.usedAt - b.usedAt);
    for (const { name } of oldest) {
      if (this.#seriesCount <= this.#options.mostSeries) return;
      if (!this.#loading.has(name)) this.#forget(name);
    }
  }

  /** Where other processes insert too, asks now and then for what they have inserted. */
  async #refresh(): Promise<void> {
    const { refreshMs, nowMs } = this.#options;
    if (refreshMs === 0 || nowMs() - this.#refreshedMs < refreshMs) return;
    this.#refreshing ??= this.#refreshNow().finally(() => (this.#refreshing = undefined));
    await this.#refreshing;
  }

  async #refreshNow(): Promise<void> {
    const since = Math.floor(this.#refreshedMs / 1000) - REFRESH_OVERLAP_SECONDS;
    const startedMs = this.#options.nowMs();
    const sql = `SELECT ${SERIES_COLUMNS} FROM metric_series WHERE inserted_at >= toDateTime({since:UInt32}) GROUP BY name, metric, series`;
    const rows = readSeriesRows(await this.#options.clickhouse.query(sql, { params: { since } }), this.#interner);
    for (const { name } of rows) this.#names?.known.add(name);
    this.#take(rows);
    this.#refreshedMs = startedMs;
  }

  #yesterday(): number {
    return Math.floor(this.#options.nowMs() / DAY_MS) - 1;
  }
}

function matchingSeries(entry: MetricEntry, selectors: readonly CompiledSelector[], minDay: number, maxDay: number): SeriesEntry[] {
  const matching = selectors.filter((selector) => selector.matchesName(entry.name));
  if (matching.length === 1) return [...entry.find(matching[0]!, minDay, maxDay)];
  const found = new Set<SeriesEntry>();
  for (const selector of matching) for (const series of entry.find(selector, minDay, maxDay)) found.add(series);
  return [...found];
}

/** UTC days since the epoch, within what a Date column holds. */
function dayRange({ minTimeMs, maxTimeMs }: Lookup): { minDay: number; maxDay: number } {
  const day = (timeMs: number): number => Math.min(LAST_DAY, Math.max(0, Math.floor(timeMs / DAY_MS)));
  return { minDay: day(minTimeMs), maxDay: day(maxTimeMs) };
}

function tooManySeries(most: number): AppError {
  return new AppError('query_too_large', `the query selects more than ${most} series; select fewer, or raise limits.query_max_series`, {
    fields: { limit: 'limits.query_max_series', value: most },
  });
}
