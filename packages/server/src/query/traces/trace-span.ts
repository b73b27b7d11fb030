/** A span as the work on one trace needs it. Times are microseconds, with fractions, from the first start of the trace as it was sent. */
export interface TraceSpan {
  readonly spanId: string;
  /** As sent; empty for a root. */
  readonly parentId: string;
  readonly service: string;
  /** Whose clock it was: `service.instance.id`, else pod, container or host; empty where nothing says so. */
  readonly instance: string;
  readonly version: string;
  readonly operation: string;
  readonly kind: SpanKindName;
  readonly status: 'unset' | 'ok' | 'error';
  readonly statusMessage: string;
  readonly startUs: number;
  readonly durationUs: number;
  readonly peer: string;
  /** 0 where it says none. */
  readonly httpStatus: number;
  readonly exceptionType: string;
  readonly exceptionMessage: string;
  readonly eventCount: number;
}

export type SpanKindName = 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** A span in its place. */
export interface SpanNode {
  readonly span: TraceSpan;
  readonly parent: SpanNode | undefined;
  /** By start. */
  readonly children: readonly SpanNode[];
  readonly depth: number;
  /** Whether `parent` is the one that the span names; not so for an orphan that was put under the root. */
  readonly isParentReal: boolean;
  /** From the first start of the trace, skew corrected. */
  readonly startUs: number;
  readonly endUs: number;
  readonly skewUs: number;
}

/** Whether nobody waits for the span: it was started by a message. */
export function isMessage(span: TraceSpan, parent: TraceSpan | undefined): boolean {
  return span.kind === 'consumer' || parent?.kind === 'producer';
}

/** Failed by its own account: its status, or an HTTP status of 5xx where the sender set none. */
export function isFailed(span: TraceSpan): boolean {
  return span.status === 'error' || (span.status === 'unset' && span.httpStatus >= 500);
}
