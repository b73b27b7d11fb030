import { z } from 'zod';

const whole = (fallback: number, description: string) => z.number().int().positive().default(fallback).describe(description);
const seconds = (description: string) => z.number().positive().describe(description);

const MIB = 1024 * 1024;

/**
 * Every limit of every door, in one place. The configuration key is `limits.<name>`; an error that a limit causes
 * names that key, so that the reader knows what to raise.
 */
export const limitsSchema = z.strictObject({
  body_bytes: whole(32 * MIB, 'Largest request body as sent, in bytes.'),
  decompressed_body_bytes: whole(128 * MIB, 'Largest request body after decompression, in bytes.'),
  json_body_bytes: whole(16 * MIB, 'Largest JSON body after decompression, in bytes; JSON takes many times its size in memory.'),
  samples_per_request: whole(1_000_000, 'Samples in one request.'),
  records_per_request: whole(200_000, 'Log records or spans in one request.'),
  log_body_bytes: whole(256 * 1024, 'Size of one log body, in UTF-8 bytes; what is longer is cut, and says so.'),
  attribute_value_bytes: whole(32 * 1024, 'Size of one attribute value of a log record or span, in UTF-8 bytes; what is longer is cut, and says so.'),
  attributes_per_record: whole(256, 'Attributes on one log record, span, event or link; the rest is left out and counted.'),
  log_bytes_per_second_per_source: whole(16 * MIB, 'Log bytes per second of one service, over ten seconds; what is above is turned away, except errors.'),
  labels_per_series: whole(64, 'Labels on one series.'),
  label_name_length: whole(1024, 'Length of a label name, in UTF-8 bytes.'),
  label_value_length: whole(4096, 'Length of a label value, in UTF-8 bytes.'),
  active_series: whole(2_000_000, 'Series with a sample in the last hour, over all senders.'),
  active_series_per_key: whole(1_000_000, 'Series with a sample in the last hour that came with one API key.'),
  new_series_per_minute: whole(500_000, 'Series not seen before, in one minute.'),
  future_tolerance_seconds: seconds('How far a timestamp may lie ahead of the server clock.').default(600),
  out_of_order_window_seconds: seconds('How far a timestamp may lie behind the server clock. Default: the retention.').optional(),
  query_timeout_seconds: seconds('How long one query may run.').default(60),
  query_max_samples: whole(50_000_000, 'Raw samples one query may hold in memory.'),
  query_max_series: whole(500_000, 'Series one query may read.'),
  query_max_points: whole(11_000, "Points per series in one answer; Prometheus' own limit."),
  query_concurrency: whole(8, 'Queries evaluated at the same time; more wait.'),
  search_rows: whole(5_000, 'Log records or traces in one answer of a search.'),
  export_rows: whole(1_000_000, 'Log records in one export.'),
  trace_spans: whole(100_000, 'Spans of one trace that are read; the first by time.'),
  spool_bytes: whole(2 * 1024 * MIB, 'Disk bytes the spool may take while the store is behind.'),
});

export type Limits = z.infer<typeof limitsSchema>;
export const DEFAULT_LIMITS: Limits = limitsSchema.parse({});
