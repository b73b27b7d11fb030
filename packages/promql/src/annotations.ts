import type { PositionRange } from './ast.ts';
import { formatFloatG } from './histogram/float-format.ts';
import { lineAndColumn } from './lexer.ts';
import { quote } from './literals.ts';

interface Annotation {
  readonly kind: 'warning' | 'info';
  /** The text that annotations are told apart by; the same text at two places is one annotation. */
  readonly text: string;
  readonly position: PositionRange;
  readonly fixed?: MonotonicityFix;
}

/** What had to be changed in classic buckets, over all samples of one metric. */
export interface MonotonicityFix {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDiff: number;
  readonly samples: number;
}

/** Prometheus' API returns at most this many of each kind, and says how many it left out. */
const MOST_RENDERED = 10;

/** Collects the warnings and infos of one query; texts are Prometheus' own (util/annotations). */
export class Annotations {
  readonly #byText = new Map<string, Annotation>();

  warn(text: string, position: PositionRange): void {
    this.#add({ kind: 'warning', text, position });
  }

  info(text: string, position: PositionRange): void {
    this.#add({ kind: 'info', text, position });
  }

  forcedMonotonicity(metric: string, position: PositionRange, fixed: MonotonicityFix): void {
    const link = 'see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile';
    const text = `input to histogram_quantile needed to be fixed for monotonicity (${link})${forMetric(metric)}`;
    this.#add({ kind: 'info', text, position, fixed });
  }

  #add(added: Annotation): void {
    const known = this.#byText.get(added.text);
    if (!known) this.#byText.set(added.text, added);
    else if (known.fixed && added.fixed) this.#byText.set(added.text, { ...added, fixed: mergeFixes(known.fixed, added.fixed) });
    else if (added.position.start > known.position.start) this.#byText.set(added.text, added);
  }

  render(query: string): { warnings: string[]; infos: string[] } {
    const all = [...this.#byText.values()].sort((a, b) => a.position.start - b.position.start);
    const of = (kind: 'warning' | 'info'): string[] => {
      const texts = all.filter((annotation) => annotation.kind === kind).map((annotation) => renderOne(annotation, query));
      if (texts.length <= MOST_RENDERED) return texts;
      return [...texts.slice(0, MOST_RENDERED), `${texts.length - MOST_RENDERED} more ${kind} annotations omitted`];
    };
    return { warnings: of('warning'), infos: of('info') };
  }
}

function mergeFixes(a: MonotonicityFix, b: MonotonicityFix): MonotonicityFix {
  return {
    minTimeMs: Math.min(a.minTimeMs, b.minTimeMs),
    maxTimeMs: Math.max(a.maxTimeMs, b.maxTimeMs),
    minBucket: Math.min(a.minBucket, b.minBucket),
    maxBucket: Math.max(a.maxBucket, b.maxBucket),
    maxDiff: Math.max(a.maxDiff, b.maxDiff),
    samples: a.samples + b.samples,
  };
}

function renderOne({ kind, text, position, fixed }: Annotation, query: string): string {
  const { line, column } = lineAndColumn(query, position.start);
  const detail = fixed ? fixDetail(fixed) : '';
  return `PromQL ${kind}: ${text}${detail} (${line}:${column})`;
}

function fixDetail(fixed: MonotonicityFix): string {
  const time = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;
  const diff = formatFloatG(Number(fixed.maxDiff.toPrecision(2)));
  const buckets = `from buckets ${formatFloatG(fixed.minBucket)} to ${formatFloatG(fixed.maxBucket)}`;
  return `, ${buckets}, with a max diff of ${diff}, over ${fixed.samples} samples from ${time(fixed.minTimeMs)} to ${time(fixed.maxTimeMs)}`;
}

function forMetric(metric: string): string {
  return metric === '' ? '' : ` for metric name ${quote(metric)}`;
}

/** The texts that more than one place needs. */
export const ANNOTATION_TEXT = {
  invalidQuantile: (q: number) => `quantile value should be between 0 and 1, got ${formatFloatG(q)}`,
  invalidRatio: (r: number, to: number) => `ratio value should be between -1 and 1, got ${formatFloatG(r)}, capping to ${formatFloatG(to)}`,
  mixedFloatsHistograms: (metric: string) => `encountered a mix of histograms and floats for metric name ${quote(metric)}`,
  mixedInAggregation: 'encountered a mix of histograms and floats for aggregation',
  mixedClassicNative: (metric: string) => `vector contains a mix of classic and native histograms${forMetric(metric)}`,
  mixedSchemas: (metric: string) =>
    `vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quote(metric)}`,
  badBucketLabel: (metric: string, le: string) =>
    `bucket label "le" is missing or has a malformed value of ${quote(le)}${forMetric(metric)}`,
  notCounter: (metric: string) => `this native histogram metric is not a counter: ${quote(metric)}`,
  notGauge: (metric: string) => `this native histogram metric is not a gauge: ${quote(metric)}`,
  possibleNonCounter: (metric: string) =>
    `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(metric)}`,
  ignoredInAggregation: (op: string) => `ignored histogram in ${op} aggregation`,
  ignoredInMixedRange: (metric: string) =>
    `ignored histograms in a range containing both floats and histograms for metric name ${quote(metric)}`,
  incompatibleTypes: (lhs: string, op: string, rhs: string) =>
    `incompatible sample types encountered for binary operator ${quote(op)}: ${lhs} ${op} ${rhs}`,
  incompatibleBuckets: (op: string) => `incompatible bucket layout encountered for binary operator ${op}`,
  counterResetCollision: (during: 'addition' | 'subtraction' | 'aggregation') => `conflicting counter resets during histogram ${during}`,
  reconciledBuckets: (during: 'addition' | 'subtraction' | 'aggregation') => `mismatched custom buckets were reconciled during ${during}`,
  sortInRange: 'sort is ineffective for range queries since results are always ordered by labels',
  quantileNanResult: (metric: string) => `input to histogram_quantile has NaN observations, result is NaN${forMetric(metric)}`,
  quantileNanSkew: (metric: string) => `input to histogram_quantile has NaN observations, result is skewed higher${forMetric(metric)}`,
  fractionNans: (metric: string) =>
    `input to histogram_fraction has NaN observations, which are excluded from all fractions${forMetric(metric)}`,
} as const;
