import { labelsFromPairs, type Labels } from '@pitot/core';
import type { ScrapeJob } from './config.ts';
import { relabel } from './relabel.ts';
import type { Target } from './target.ts';

/** One series of a target, under the exact text that the target writes before its value. */
export interface CachedSeries {
  readonly raw: string;
  /** Undefined where metric relabelling drops the series. */
  readonly labels: Labels | undefined;
  handle: number;
  /** The sink's epoch that the handle belongs to. */
  epoch: number;
  /** The scrape that saw it last. */
  scrape: number;
  /** Its place in the last scrape that was read whole. */
  index: number;
  /** Whether the store has it and no stale marker has ended it. */
  live: boolean;
  /** Whether a stale marker is due when it disappears: not for series with their own timestamps. */
  tracked: boolean;
  /** The exemplar taken last, so that it is not taken again at every scrape. */
  exemplar: string;
}

/** Labels of a scraped series: the target's are added, conflicts are settled, the job's relabelling is applied. Undefined where it is dropped. */
export function seriesLabels(pairs: Iterable<readonly [string, string]>, target: Target, job: ScrapeJob): Labels | undefined {
  const labels = new Map<string, string>();
  for (const [name, value] of pairs) if (value !== '') labels.set(name, value);
  for (const [name, value] of target.labels) {
    const scraped = labels.get(name);
    if (scraped !== undefined && job.honor_labels) continue;
    if (scraped !== undefined) labels.set(exportedName(name, labels, target), scraped);
    labels.set(name, value);
  }
  if (!relabel(labels, job.metric_relabel_configs)) return undefined;
  return finished(labels, job);
}

/** Labels of `up` and the other series about the scrape itself. */
export function reportLabels(metric: string, target: Target, job: ScrapeJob): Labels {
  return finished(new Map([...target.labels, ['__name__', metric]]), job);
}

function finished(labels: Map<string, string>, job: ScrapeJob): Labels {
  for (const [name, value] of Object.entries(job.externalLabels)) if (!labels.has(name)) labels.set(name, value);
  return labelsFromPairs([...labels].filter(([name]) => name === '__name__' || !name.startsWith('__')));
}

/** `exported_` before the name, as often as it takes to be alone. */
function exportedName(name: string, labels: ReadonlyMap<string, string>, target: Target): string {
  let exported = `exported_${name}`;
  while (labels.has(exported) || target.labels.has(exported)) exported = `exported_${exported}`;
  return exported;
}

/** Which of the job's limits a label set breaks, in words; undefined where none. The metric name counts as a label. */
export function brokenLabelLimit(labels: Labels, job: ScrapeJob): string | undefined {
  const count = labels.length / 2;
  if (job.labelLimit > 0 && count > job.labelLimit) return `a series has ${count} labels, label_limit is ${job.labelLimit}`;
  for (let i = 0; i < labels.length; i += 2) {
    const nameBytes = Buffer.byteLength(labels[i]!);
    if (job.labelNameLengthLimit > 0 && nameBytes > job.labelNameLengthLimit) {
      return `the label name "${labels[i]!.slice(0, 60)}" is ${nameBytes} bytes long, label_name_length_limit is ${job.labelNameLengthLimit}`;
    }
    const valueBytes = Buffer.byteLength(labels[i + 1]!);
    if (job.labelValueLengthLimit > 0 && valueBytes > job.labelValueLengthLimit) {
      return `the value of label "${labels[i]!}" is ${valueBytes} bytes long, label_value_length_limit is ${job.labelValueLengthLimit}`;
    }
  }
  return undefined;
}
