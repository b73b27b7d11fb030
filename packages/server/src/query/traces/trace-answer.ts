import type { Span, TraceAnswer } from '@pitot/core';
import type { SpanRow } from '../../store/traces/trace-reading.ts';
import { findCriticalPath, selfTimeUs } from './critical-path.ts';
import { findErrorOrigin } from './error-origin.ts';
import { buildSpanTree, type SpanTree } from './span-tree.ts';
import type { SpanKindName, SpanNode, TraceSpan } from './trace-span.ts';

/** A trace as it is stored. */
export interface StoredTrace {
  readonly traceId: string;
  /** What the spans' starts count from, in milliseconds since the epoch. */
  readonly baseMs: number;
  readonly spans: readonly SpanRow[];
  /** Whether there are more spans than were read, and how many were. */
  readonly truncatedAt?: number;
  /** Log records by span id. */
  readonly logCounts: ReadonlyMap<string, number>;
}

/** A trace in its order. */
export interface ArrangedTrace {
  readonly tree: SpanTree;
  /** Of the first start, skew corrected; nanoseconds since the epoch. */
  readonly startNs: bigint;
  readonly durationUs: number;
}

const KINDS: ReadonlySet<string> = new Set(['internal', 'server', 'client', 'producer', 'consumer']);

/** Puts the spans of a stored trace in their places. */
export function arrangeTrace({ baseMs, spans }: Pick<StoredTrace, 'baseMs' | 'spans'>): ArrangedTrace {
  let firstNs = Infinity;
  for (const { startNs } of spans) firstNs = Math.min(firstNs, startNs);
  if (firstNs === Infinity) firstNs = 0;
  const tree = buildSpanTree(spans.map((row) => traceSpan(row, firstNs)));
  const durationUs = tree.nodes.reduce((end, node) => Math.max(end, node.endUs), 0);
  return { tree, startNs: BigInt(baseMs) * 1_000_000n + BigInt(firstNs) + BigInt(Math.round(tree.firstUs * 1000)), durationUs: round(durationUs) };
}

function traceSpan(row: SpanRow, firstNs: number): TraceSpan {
  const { startNs, durationNs, kind, status, ...same } = row;
  return { ...same, kind: kindName(kind), status: statusName(status), startUs: (startNs - firstNs) / 1000, durationUs: durationNs / 1000 };
}

/** As stored (`Server`) to as answered. */
function kindName(stored: string): SpanKindName {
  const name = stored.toLowerCase();
  return KINDS.has(name) ? (name as SpanKindName) : 'unspecified';
}

export function statusName(stored: string): TraceSpan['status'] {
  const name = stored.toLowerCase();
  return name === 'error' || name === 'ok' ? name : 'unset';
}

/** What the waterfall shows. */
export function traceAnswerOf(stored: StoredTrace): TraceAnswer {
  const { tree, startNs, durationUs } = arrangeTrace(stored);
  const pieces = tree.root === undefined ? [] : findCriticalPath(tree.root);
  const critical = new Set(pieces.map(({ node }) => node));
  const origin = findErrorOrigin(tree.nodes, tree.root);
  return {
    trace_id: stored.traceId,
    start: rfc3339(startNs),
    duration_us: durationUs,
    services: servicesOf(tree.nodes),
    spans: tree.nodes.map((node) => spanAnswer(node, critical.has(node), stored.logCounts.get(node.span.spanId) ?? 0)),
    critical_path: pieces.map(({ node, startUs, endUs }) => ({ span_id: node.span.spanId, start_us: round(startUs), end_us: round(endUs) })),
    error_origin:
      origin === undefined
        ? null
        : {
            span_id: origin.node.span.spanId,
            reason: origin.reason,
            exception_type: origin.node.span.exceptionType,
            exception_message: origin.node.span.exceptionMessage || origin.node.span.statusMessage,
            chain: origin.chain.map(({ span }) => span.spanId),
          },
    problems: problemsOf(tree, stored.truncatedAt),
  };
}

/** A span in its place. */
function spanAnswer({ span, depth, startUs, skewUs }: SpanNode, isCritical: boolean, logCount: number): Span {
  return {
    span_id: span.spanId,
    parent_id: span.parentId,
    service: span.service,
    operation: span.operation,
    kind: span.kind,
    status: span.status,
    status_message: span.statusMessage,
    start_us: round(startUs),
    duration_us: round(span.durationUs),
    skew_us: round(skewUs),
    depth,
    is_critical: isCritical,
    peer: span.kind === 'server' ? '' : span.peer,
    event_count: span.eventCount,
    log_count: logCount,
  };
}

function servicesOf(nodes: readonly SpanNode[]): TraceAnswer['services'] {
  const services = new Map<string, { service: string; version: string; spans: number; self_us: number }>();
  for (const node of nodes) {
    const { service, version } = node.span;
    const known = services.get(service) ?? { service, version, spans: 0, self_us: 0 };
    services.set(service, known);
    known.spans++;
    known.version ||= version;
    known.self_us += selfTimeUs(node);
  }
  return [...services.values()].map((entry) => ({ ...entry, self_us: round(entry.self_us) })).sort((a, b) => b.self_us - a.self_us);
}

function problemsOf(tree: SpanTree, truncatedAt: number | undefined): TraceAnswer['problems'] {
  const { nodes, missingParents, hasRoot, cycles, duplicates } = tree;
  const skewed = nodes.filter(({ skewUs }) => skewUs !== 0);
  const problems: TraceAnswer['problems'] = [];
  const add = (kind: TraceAnswer['problems'][number]['kind'], count: number, message: string): void => {
    if (count > 0) problems.push({ kind, count, message });
  };
  add('missing_root', hasRoot || nodes.length === 0 ? 0 : 1, 'The first span of this trace has not come: it may be late, sampled away, or its sender does not report to Pitot.');
  add('missing_parent', missingParents, `${spansText(missingParents)} a parent that has not come; where it ran is not known, so it stands under the root.`);
  add('cycle', cycles, `${cycles === 1 ? 'A span is its' : `${cycles} spans are their`} own ancestor; the circle was cut at its first span.`);
  add('duplicate_span', duplicates, `${duplicates === 1 ? 'One span came' : `${duplicates} spans came`} more than once, or shared an id with another; the first was kept.`);
  const services = [...new Set(skewed.map(({ span }) => span.service))];
  add('clock_skew', skewed.length, `The clock of ${services.slice(0, 3).join(', ')}${services.length > 3 ? ` and ${services.length - 3} more` : ''} contradicts that of its callers; ${skewed.length === 1 ? 'one span was' : `${skewed.length} spans were`} moved.`);
  if (truncatedAt !== undefined) add('truncated', truncatedAt, `Only the first ${truncatedAt} spans were read; raise limits.trace_spans to see more.`);
  return problems;
}

function spansText(count: number): string {
  return count === 1 ? 'One span names' : `${count} spans name`;
}

const NS_PER_SECOND = 1_000_000_000n;

/** RFC 3339 with nanoseconds. */
export function rfc3339(timeNs: bigint): string {
  const seconds = new Date(Number(timeNs / NS_PER_SECOND) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(timeNs % NS_PER_SECOND).padStart(9, '0')}Z`;
}

/** To the nanosecond, which is what was sent. */
function round(timeUs: number): number {
  return Math.round(timeUs * 1000) / 1000;
}
