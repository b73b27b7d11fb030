import type { Unit } from './format.ts';

const SUFFIXES: readonly (readonly [RegExp, Unit])[] = [
  [/_(timestamp|start_time|boot_time|created|modified_time)_seconds$|_timestamp$/, 'timestamp'],
  [/_(bytes|byte)$/, 'bytes'],
  [/_bytes_per_second$/, 'bytes_per_second'],
  [/_(seconds|duration)$/, 'seconds'],
  [/_(percent|percentage)$/, 'percent'],
  [/_(ratio|utilization)$/, 'ratio'],
  [/_celsius$/, 'celsius'],
  [/_(usd|dollars)$/, 'usd'],
  [/_per_second$/, 'per_second'],
];

const DECLARED: Readonly<Record<string, Unit>> = {
  bytes: 'bytes',
  By: 'bytes',
  seconds: 'seconds',
  s: 'seconds',
  ratio: 'ratio',
  '1': 'none',
  percent: 'percent',
  '%': 'percent',
  celsius: 'celsius',
  Cel: 'celsius',
};

/** The unit of a metric by its declared unit, else by the suffix that OpenMetrics prescribes. */
export function unitOfMetric(metric: string, declared = ''): Unit {
  // The observations of a histogram are counted, whatever unit it declares.
  if (metric.endsWith('_count')) return 'count';
  const known = DECLARED[declared];
  if (known !== undefined && known !== 'none') return known;
  const base = metric.replace(/_(total|sum|bucket|min|max)$/, '');
  for (const [pattern, unit] of SUFFIXES) if (pattern.test(base)) return unit;
  return metric.endsWith('_total') || metric.endsWith('_info') ? 'count' : 'none';
}

const COUNTING = /^\s*(count|count_values|group)\s*(by|without|\()/;
const RATING = /\b(rate|irate|deriv)\s*\(/;

/**
 * The likely unit of an expression: that of the metric it names, per second under `rate`. A quotient loses its unit and
 * `100 *` makes a percentage. A guess only: the reader may change it.
 */
export function unitOfExpression(expression: string, declared: Readonly<Record<string, string>> = {}): Unit {
  const bare = expression.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '""').replace(/\{[^}]*\}/g, '{}');
  if (COUNTING.test(bare)) return 'count';
  if (/(^|[^\w.])100\s*\*|\*\s*100(?![\w.])/.test(bare)) return 'percent';
  const name = metricsIn(bare)[0];
  if (name === undefined) return 'none';
  const unit = unitOfMetric(name, declared[name] ?? declared[name.replace(/_(total|sum|count|bucket)$/, '')] ?? '');
  if (/\)\s*\/|[}\w]\s*\//.test(bare)) return isMeanOfSum(bare) ? unit : 'none';
  if (!RATING.test(bare)) return unit;
  if (/histogram_(quantile|avg|stddev)/.test(bare)) return unit;
  if (name.endsWith('_bucket')) return 'per_second';
  if (unit === 'bytes') return 'bytes_per_second';
  if (unit === 'seconds') return /cpu/.test(name) ? 'cores' : 'ratio';
  return unit === 'count' || unit === 'none' ? 'per_second' : unit;
}

/** `rate(x_sum[5m]) / rate(x_count[5m])` is a mean and keeps the unit of x. */
const isMeanOfSum = (expression: string): boolean => /_sum\b/.test(expression) && /_count\b/.test(expression);

const KEYWORDS = new Set(
  'by without on ignoring group_left group_right offset bool and or unless sum avg min max count inf nan start end atan2'.split(' '),
);

/** Names in an expression that can be metrics: identifiers that are neither called nor keywords nor inside by (…). */
export function metricsIn(expression: string): string[] {
  const bare = expression.replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ').replace(/\[[^\]]*\]/g, ' ');
  const names: string[] = [];
  for (const match of bare.matchAll(/(?<![\w:.])([a-zA-Z_:][\w:]*)(?!\s*\(|[\w:])/g)) {
    const name = match[1]!;
    if (!KEYWORDS.has(name.toLowerCase()) && !names.includes(name)) names.push(name);
  }
  return names;
}
