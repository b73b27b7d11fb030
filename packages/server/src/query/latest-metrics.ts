import { labelsToObject, METRIC_NAME, type LabelMatcher, type Labels, type MetricReader, type RawSeries, type ReadBudget } from '@pitot/core';

export interface LatestRequest {
  /** The `job` label; every service when absent. */
  readonly service?: string;
  readonly limit: number;
}

interface LatestSample {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: number;
}

export interface LatestMetrics {
  /** Newest first. */
  readonly samples: readonly LatestSample[];
  /** Series with a sample in the windows that were looked at. */
  readonly scannedCount: number;
}

/** Looked at one after the other until there are enough samples: the newest samples are nearly always in the first. */
const WINDOWS_MS = [300_000, 3_600_000, 86_400_000];
/** The store takes samples with timestamps this far ahead. */
const AHEAD_MS = 600_000;

/** Reads the newest samples of a service's series; stale markers and native histograms are left out. */
export async function readLatestMetrics(reader: MetricReader, nowMs: number, request: LatestRequest, budget: ReadBudget): Promise<LatestMetrics> {
  const matchers: LabelMatcher[] =
    request.service === undefined ? [{ name: METRIC_NAME, type: '!=', value: '' }] : [{ name: 'job', type: '=', value: request.service }];
  let found: LatestMetrics = { samples: [], scannedCount: 0 };
  for (const windowMs of WINDOWS_MS) {
    const series = await reader.select({ ...budget, matchers, minTimeMs: nowMs - windowMs, maxTimeMs: nowMs + AHEAD_MS });
    found = { samples: newest(series, request.limit), scannedCount: series.length };
    if (found.samples.length >= request.limit) break;
  }
  return found;
}

function newest(series: readonly RawSeries[], limit: number): LatestSample[] {
  const samples: LatestSample[] = [];
  for (const { labels, timestampsMs, values, stale } of series) {
    // No more than `limit` samples of one series can be among the newest of all.
    for (let i = timestampsMs.length - 1, taken = 0; i >= 0 && taken < limit; i--) {
      if (stale?.[i] === 1) continue;
      samples.push({ labels, timestampMs: timestampsMs[i]!, value: values[i]! });
      taken++;
    }
  }
  return samples.sort((a, b) => b.timestampMs - a.timestampMs).slice(0, limit);
}

/** The labels of a sample without those that `service_name` and `metric_type` already say. */
export function sampleMetadata(labels: Labels): Record<string, string> {
  const { [METRIC_NAME]: _name, job: _job, ...metadata } = labelsToObject(labels);
  return metadata;
}
