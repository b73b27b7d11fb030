import { AppError, labelsFromPairs, type BatchSource, type Labels, type MetricBatch, type MetricSink, type NativeHistogram } from '@pitot/core';
import type { ScrapeJob } from './config.ts';
import { ExpositionParser, type Dialect } from './exposition-parser.ts';
import { MetricFamilies } from './metric-families.ts';
import { brokenLabelLimit, reportLabels, seriesLabels, type CachedSeries } from './series-cache.ts';
import type { Target } from './target.ts';

export const SCRAPE_SOURCE: BatchSource = { receiver: 'scrape' };

/** What a target answered, as text; native histograms stand beside it, by the number of the sample (from 0) that they replace. */
export interface ScrapedBody {
  readonly text: string;
  readonly dialect: Dialect;
  readonly histograms?: ReadonlyMap<number, NativeHistogram>;
}

export interface ScrapeCounts {
  readonly scraped: number;
  readonly kept: number;
  readonly added: number;
}

export interface ScrapeReport extends ScrapeCounts {
  readonly up: boolean;
  readonly durationSeconds: number;
}

/**
 * The series of one target over its scrapes. Targets write the same series in the same order every time, so each line is
 * first compared with the one expected there; only a line that differs is looked up, and only a new one is parsed.
 */
export class TargetSeries {
  readonly #sink: MetricSink;
  #target: Target;
  #job: ScrapeJob;
  #cache = new Map<string, CachedSeries>();
  /** The series of the last scrape that was read whole, in order. */
  #expected: CachedSeries[] = [];
  /** What the store has without an end: a stale marker is due for each that disappears. */
  #live: CachedSeries[] = [];
  /** What `live` will be when the batch is durable. */
  #next: CachedSeries[] = [];
  #comments: string[] = [];
  #families = new MetricFamilies();
  #reports: readonly CachedSeries[];
  #scrape = 0;
  #epoch = -1;

  constructor(sink: MetricSink, target: Target, job: ScrapeJob) {
    this.#sink = sink;
    this.#target = target;
    this.#job = job;
    this.#reports = makeReports(target, job);
  }

  /** Takes new settings: labels are made anew, and series that are still there go on without a stale marker. */
  update(target: Target, job: ScrapeJob): void {
    this.#target = target;
    this.#job = job;
    this.#cache = new Map();
    this.#expected = [];
    const before = this.#reports;
    this.#reports = makeReports(target, job);
    this.#reports.forEach((report, i) => {
      report.live = before[i]!.live;
    });
  }

  /** Adds a whole answer to the batch. Throws AppError where it cannot be read or breaks a limit; the batch is then not to be used. */
  add(batch: MetricBatch, { text, dialect, histograms }: ScrapedBody, scrapeMs: number): ScrapeCounts {
    const scrape = ++this.#scrape;
    this.#epoch = this.#sink.epoch;
    const parser = new ExpositionParser(text, dialect);
    const comments: string[] = [];
    const sequence: CachedSeries[] = [];
    let steady = true;
    let expectedAt = 0;
    let scraped = 0;
    let kept = 0;
    let added = 0;
    for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
      if (kind === 'comment') {
        this.#comment(parser, dialect, comments);
        continue;
      }
      let series = this.#expected[expectedAt];
      if (series === undefined || !parser.expect(series.raw)) {
        steady = false;
        series = this.#find(parser);
        if (series.index >= 0) expectedAt = series.index;
      }
      if (series.index >= 0) expectedAt++;
      parser.readValue();
      const histogram = histograms?.get(scraped);
      scraped++;
      const again = series.scrape === scrape;
      if (!again) {
        series.scrape = scrape;
        sequence.push(series);
      }
      if (series.labels === undefined) continue;
      if (++kept > this.#job.sampleLimit && this.#job.sampleLimit > 0) {
        throw new AppError('too_many_samples', `more samples than sample_limit allows, ${this.#job.sampleLimit}`);
      }
      if (!series.live && !again) added++;
      this.#addSample(batch, series, parser, scrapeMs, again, histogram);
    }
    for (const one of this.#families.changed(dialect)) batch.addMetadata(one);
    this.#finish(batch, sequence, comments, steady && sequence.length === this.#expected.length, scrapeMs);
    return { scraped, kept, added };
  }

  /** Adds stale markers for everything that is live: the target is down. */
  addEnds(batch: MetricBatch, timestampMs: number): void {
    this.#scrape++;
    this.#epoch = this.#sink.epoch;
    this.#cache = new Map(this.#expected.map((series) => [series.raw, series]));
    this.#next = [];
    this.#addStale(batch, [], timestampMs);
  }

  addReport(batch: MetricBatch, timestampMs: number, report: ScrapeReport): void {
    const values = [report.up ? 1 : 0, report.durationSeconds, report.scraped, report.kept, report.added];
    this.#reports.forEach((series, i) => {
      if (this.#intern(series, batch)) batch.addFloat(series.handle, timestampMs, values[i]!);
    });
  }

  /** Ends the series about the scrapes themselves: the target is gone. */
  addReportEnds(batch: MetricBatch, timestampMs: number): void {
    this.#epoch = this.#sink.epoch;
    for (const series of this.#reports) if (series.live && this.#intern(series, batch)) batch.addStale(series.handle, timestampMs);
  }

  /** To be called when the batch is durable. */
  committed(): void {
    if (this.#next !== this.#live) {
      for (const series of this.#live) series.live = false;
      for (const series of this.#next) series.live = series.labels !== undefined;
      this.#live = this.#next;
    }
    for (const series of this.#reports) series.live = true;
    this.#families.handedOn();
  }

  #comment(parser: ExpositionParser, dialect: Dialect, comments: string[]): void {
    const expected = this.#comments[comments.length];
    if (parser.expectComment(expected)) {
      comments.push(expected!);
      return;
    }
    const comment = parser.readComment();
    if (comment === '# EOF') return;
    this.#families.read(comment, dialect);
    comments.push(ownCopy(comment));
  }

  #find(parser: ExpositionParser): CachedSeries {
    parser.scanSeries();
    const raw = parser.text.slice(parser.seriesStart, parser.seriesEnd);
    const known = this.#cache.get(raw);
    if (known !== undefined) return known;
    const labels = seriesLabels(parser.seriesPairs(), this.#target, this.#job);
    if (labels !== undefined) {
      const broken = brokenLabelLimit(labels, this.#job);
      if (broken !== undefined) throw new AppError('bad_payload', broken);
    }
    const series = newSeries(ownCopy(raw), labels);
    this.#cache.set(series.raw, series);
    return series;
  }

  #addSample(batch: MetricBatch, series: CachedSeries, parser: ExpositionParser, scrapeMs: number, again: boolean, histogram?: NativeHistogram): void {
    const own = this.#job.honor_timestamps && !Number.isNaN(parser.timestampMs);
    // The same series twice without timestamps of its own is one sample too many; the first counts.
    if (again && !own) {
      batch.reject('duplicate_timestamp');
      return;
    }
    if (!this.#intern(series, batch)) return;
    series.tracked = !own || this.#job.track_timestamps_staleness;
    const timestampMs = own ? parser.timestampMs : scrapeMs;
    if (histogram === undefined) batch.addFloat(series.handle, timestampMs, parser.value);
    else batch.addHistogram(series.handle, timestampMs, histogram);
    if (parser.exemplar !== '' && parser.exemplar !== series.exemplar) {
      const { pairs, value, timestampMs: exemplarMs } = parser.exemplarParts();
      batch.addExemplar(series.handle, { labels: labelsFromPairs(pairs), value, timestampMs: Number.isNaN(exemplarMs) ? timestampMs : exemplarMs });
      series.exemplar = ownCopy(parser.exemplar);
    }
  }

  #finish(batch: MetricBatch, sequence: CachedSeries[], comments: string[], steady: boolean, scrapeMs: number): void {
    this.#comments = comments;
    if (!steady) {
      sequence.forEach((series, i) => {
        series.index = i;
      });
      this.#cache = new Map(sequence.map((series) => [series.raw, series]));
      this.#expected = sequence;
    }
    this.#next = this.#expected;
    if (this.#live !== this.#expected) this.#addStale(batch, sequence, scrapeMs);
  }

  #addStale(batch: MetricBatch, present: readonly CachedSeries[], timestampMs: number): void {
    const gone = this.#live.filter((series) => series.scrape !== this.#scrape && series.live && series.tracked);
    if (gone.length === 0) return;
    // The same labels may have come under another text, for example in another order.
    const handles = new Set(present.filter(({ labels }) => labels !== undefined).map(({ handle }) => handle));
    for (const series of gone) {
      if (this.#intern(series, batch) && !handles.has(series.handle)) batch.addStale(series.handle, timestampMs);
    }
  }

  #intern(series: CachedSeries, batch: MetricBatch): boolean {
    if (series.epoch === this.#epoch && series.handle >= 0) return true;
    const handle = this.#sink.intern(series.labels!, SCRAPE_SOURCE);
    if (typeof handle === 'number') {
      series.handle = handle;
      series.epoch = this.#epoch;
      return true;
    }
    series.handle = -1;
    batch.reject(handle);
    return false;
  }
}

const REPORTS = ['up', 'scrape_duration_seconds', 'scrape_samples_scraped', 'scrape_samples_post_metric_relabeling', 'scrape_series_added'];

function makeReports(target: Target, job: ScrapeJob): readonly CachedSeries[] {
  return REPORTS.map((metric) => newSeries(metric, reportLabels(metric, target, job)));
}

function newSeries(raw: string, labels: Labels | undefined): CachedSeries {
  return { raw, labels, handle: -1, epoch: -1, scrape: -1, index: -1, live: false, tracked: true, exemplar: '' };
}

/** A string of its own: a slice would keep the whole body it was cut from in memory. */
function ownCopy(slice: string): string {
  return Buffer.from(slice).toString();
}
