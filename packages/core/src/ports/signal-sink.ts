import type { BatchSource, RejectReason } from './metric-sink.ts';

/**
 * What the doors for logs write to. Every door speaks OTLP inside: a body that is not OTLP protobuf is rewritten as such
 * (`@pitot/core/otlp-writer`), so that there is one way to decode, to limit, to redact and to store a record.
 */
export interface LogSink {
  /**
   * Takes one `ExportLogsServiceRequest` (opentelemetry-proto collector/logs/v1) in protobuf; resolves when everything accepted is durable.
   * The sink reads the bytes before its first await and does not keep them. Throws AppError `bad_payload` for a malformed message, `too_many_samples` for one that is
   * too large, and `spool_full`, `store_unavailable`, `disk_full` or `shutting_down` when nothing was taken: the sender must retry.
   */
  take(request: Uint8Array, source: BatchSource): Promise<SignalReceipt>;
}

/** What the doors for spans write to; see `LogSink`. */
export interface SpanSink {
  /** Takes one `ExportTraceServiceRequest` (opentelemetry-proto collector/trace/v1) in protobuf. */
  take(request: Uint8Array, source: BatchSource): Promise<SignalReceipt>;
}

/** Partial success is data, not an exception. */
export interface SignalReceipt {
  /** Records or spans taken. What a rule dropped or sampled away was taken too: the sender must not send it again. */
  readonly accepted: number;
  readonly rejected: number;
  readonly reasons: Readonly<Partial<Record<RejectReason, number>>>;
}
