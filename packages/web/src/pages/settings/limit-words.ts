import type { Unit } from '../../units/format.ts';

export interface LimitWords {
  readonly meaning: string;
  readonly unit: Unit;
}

const KNOWN: Readonly<Record<string, LimitWords>> = {
  body_bytes: { meaning: 'Largest request as sent', unit: 'bytes' },
  decompressed_body_bytes: { meaning: 'Largest request after decompression', unit: 'bytes' },
  json_body_bytes: { meaning: 'Largest JSON request, decompressed', unit: 'bytes' },
  samples_per_request: { meaning: 'Samples in one request', unit: 'count' },
  labels_per_series: { meaning: 'Labels of one series', unit: 'count' },
  label_name_length: { meaning: 'Length of a label name', unit: 'bytes' },
  label_value_length: { meaning: 'Length of a label value', unit: 'bytes' },
  active_series: { meaning: 'Series with a sample in the last hour, over all senders', unit: 'count' },
  active_series_per_key: { meaning: 'The same for one API key', unit: 'count' },
  new_series_per_minute: { meaning: 'Series seen for the first time, per minute', unit: 'count' },
  future_tolerance_seconds: { meaning: 'How far a timestamp may lie ahead', unit: 'seconds' },
  out_of_order_window_seconds: { meaning: 'How far a timestamp may lie behind', unit: 'seconds' },
  query_timeout_seconds: { meaning: 'Longest query', unit: 'seconds' },
  query_max_samples: { meaning: 'Samples one query may hold in memory', unit: 'count' },
  query_max_series: { meaning: 'Series one query may read', unit: 'count' },
  query_max_points: { meaning: 'Points per series in one answer', unit: 'count' },
  query_concurrency: { meaning: 'Queries at the same time', unit: 'count' },
  spool_bytes: { meaning: 'Disk the spool may take while the store is behind', unit: 'bytes' },
};

/** What a limit means and in which unit it counts, by its configuration key with or without `limits.`. */
export function wordsOfLimit(key: string): LimitWords {
  const name = key.replace(/^limits\./, '');
  return KNOWN[name] ?? { meaning: name.replaceAll('_', ' '), unit: name.endsWith('_bytes') ? 'bytes' : name.endsWith('_seconds') ? 'seconds' : 'count' };
}

export const limitKey = (key: string): string => (key.startsWith('limits.') ? key : `limits.${key}`);
