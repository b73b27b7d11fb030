import { z } from 'zod';

const bytes = (fallback: number) => z.number().int().positive().default(fallback);
const count = bytes;

/**
 * Every limit of every door, in one place. The configuration key is `limits.<name>`; an error that a limit causes
 * names that key, so that the reader knows what to raise.
 */
export const limitsSchema = z.strictObject({
  /** Largest request body as sent, in bytes. */
  body_bytes: bytes(32 * 1024 * 1024),
  /** Largest request body after decompression, in bytes. */
  decompressed_body_bytes: bytes(128 * 1024 * 1024),
  samples_per_request: count(1_000_000),
  labels_per_series: count(64),
  /** UTF-8 bytes. */
  label_name_length: bytes(1024),
  /** UTF-8 bytes. */
  label_value_length: bytes(4096),
  /** Series with a sample in the last hour, over all senders. */
  active_series: count(2_000_000),
  active_series_per_key: count(1_000_000),
  new_series_per_minute: count(500_000),
  /** Seconds a timestamp may lie ahead of the server clock. */
  future_tolerance_seconds: z.number().positive().default(600),
  /** Seconds a timestamp may lie behind the server clock. Default: the retention. */
  out_of_order_window_seconds: z.number().positive().optional(),
  query_timeout_seconds: z.number().positive().default(60),
  /** Raw samples one query may hold in memory. */
  query_max_samples: count(50_000_000),
  query_max_series: count(500_000),
  /** Points per series in one answer; Prometheus' own limit. */
  query_max_points: count(11_000),
  query_concurrency: count(8),
  /** Disk bytes the spool may take while the store is behind. */
  spool_bytes: bytes(2 * 1024 * 1024 * 1024),
});

export type Limits = z.infer<typeof limitsSchema>;
export const DEFAULT_LIMITS: Limits = limitsSchema.parse({});
