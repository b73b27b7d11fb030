import { selector } from '../../url/environment-matcher.ts';

/** The question that is most often asked of a metric of this type. */
export function suggestExpression(metric: string, type: string, matcher = ''): string {
  const base = metric.replace(/_(bucket|count|sum)$/, '');
  if (type === 'histogram' && metric.endsWith('_bucket')) {
    return `histogram_quantile(0.95, sum by (le) (rate(${selector(`${base}_bucket`, matcher)}[5m])))`;
  }
  const counts = type === 'counter' || ((type === 'histogram' || type === 'summary') && /_(count|sum)$/.test(metric));
  if (counts || (type === '' && metric.endsWith('_total'))) return `rate(${selector(metric, matcher)}[5m])`;
  return selector(metric, matcher);
}

interface MetadataLike {
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

export interface MetricEntry {
  readonly name: string;
  readonly type: string;
  readonly help: string;
}

/** Names with what is known of them; a histogram's series share the metadata of their family. */
export function describeMetrics(names: readonly string[], metadata: Readonly<Record<string, readonly MetadataLike[]>>): MetricEntry[] {
  return names.map((name) => {
    const own = metadata[name]?.[0] ?? metadata[name.replace(/_(bucket|count|sum|total|created|info)$/, '')]?.[0];
    return { name, type: own?.type === 'unknown' ? '' : (own?.type ?? ''), help: own?.help ?? '' };
  });
}

/** Metrics whose name or help has every word; names that start with the text come first. */
export function searchMetrics(entries: readonly MetricEntry[], text: string): MetricEntry[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...entries];
  const rank = (entry: MetricEntry): number => {
    const name = entry.name.toLowerCase();
    if (name.startsWith(words[0]!)) return 0;
    return words.every((word) => name.includes(word)) ? 1 : 2;
  };
  return entries
    .filter((entry) => words.every((word) => `${entry.name} ${entry.help}`.toLowerCase().includes(word)))
    .sort((a, b) => rank(a) - rank(b));
}

export const queryLetter = (index: number): string => String.fromCharCode(65 + (index % 26));
