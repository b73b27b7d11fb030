import type { TraceComparisonAnswer } from '@pitot/core';
import { selfTimeUs } from './critical-path.ts';
import { isFailed, type SpanNode } from './trace-span.ts';
import type { ArrangedTrace } from './trace-answer.ts';

type Row = TraceComparisonAnswer['rows'][number];
type Side = NonNullable<Row['left']>;

/** Calls deeper than this are counted with the call at this depth: recursion would make endless paths. */
const DEEPEST = 60;
const SEPARATOR = ' › ';
/** Below this share of the longer trace two traces took the same time. */
const SAME_SHARE = 0.05;

interface Call {
  readonly path: string;
  readonly depth: number;
  readonly service: string;
  readonly operation: string;
  readonly children: Map<string, Call>;
  left: MutableSide | undefined;
  right: MutableSide | undefined;
}

type MutableSide = { -readonly [Key in keyof Side]: Side[Key] } & { longestUs: number };

/** Two traces side by side: calls with the same path of services, operations and kinds from the root are the same call. */
export function compareTraces(leftId: string, left: ArrangedTrace, rightId: string, right: ArrangedTrace): TraceComparisonAnswer {
  const top = new Map<string, Call>();
  addTrace(top, left, 'left');
  addTrace(top, right, 'right');
  const rows = inOrder(top).map(rowOf);
  return {
    left: { trace_id: leftId, ...sizeOf(left) },
    right: { trace_id: rightId, ...sizeOf(right) },
    rows,
    summary: summaryOf(rows, left.durationUs, right.durationUs),
  };
}

function sizeOf({ tree, durationUs }: ArrangedTrace) {
  return { duration_us: durationUs, spans: tree.nodes.length, errors: tree.nodes.filter(({ span }) => isFailed(span)).length };
}

function addTrace(top: Map<string, Call>, { tree }: ArrangedTrace, side: 'left' | 'right'): void {
  const calls = new Map<SpanNode, Call>();
  for (const node of tree.nodes) {
    const parent = node.parent === undefined ? undefined : calls.get(node.parent)!;
    const call = parent !== undefined && parent.depth + 1 >= DEEPEST ? parent : callOf(parent, parent?.children ?? top, node);
    calls.set(node, call);
    const counted = (call[side] ??= { count: 0, total_us: 0, self_us: 0, errors: 0, span_id: '', longestUs: -1 });
    counted.count++;
    counted.total_us += node.span.durationUs;
    counted.self_us += selfTimeUs(node);
    if (isFailed(node.span)) counted.errors++;
    if (node.span.durationUs > counted.longestUs) {
      counted.longestUs = node.span.durationUs;
      counted.span_id = node.span.spanId;
    }
  }
}

function callOf(parent: Call | undefined, siblings: Map<string, Call>, { span }: SpanNode): Call {
  const { service, operation, kind } = span;
  const own = `${service}: ${operation}${kind === 'internal' || kind === 'unspecified' ? '' : ` (${kind})`}`.replaceAll('›', '>');
  let call = siblings.get(own);
  if (call === undefined) {
    call = { path: parent === undefined ? own : `${parent.path}${SEPARATOR}${own}`, depth: parent === undefined ? 0 : parent.depth + 1, service, operation, children: new Map(), left: undefined, right: undefined };
    siblings.set(own, call);
  }
  return call;
}

/** Parents before children; no deeper than `DEEPEST`, so it may recurse. */
function inOrder(calls: Map<string, Call>): Call[] {
  return [...calls.values()].flatMap((call) => [call, ...inOrder(call.children)]);
}

function rowOf({ path, depth, service, operation, left, right }: Call): Row {
  return { path, depth, service, operation, left: sideOf(left), right: sideOf(right), self_change_us: round((right?.self_us ?? 0) - (left?.self_us ?? 0)) };
}

function sideOf(side: MutableSide | undefined): Side | null {
  if (side === undefined) return null;
  const { count, total_us, self_us, errors, span_id } = side;
  return { count, total_us: round(total_us), self_us: round(self_us), errors, span_id };
}

function summaryOf(rows: readonly Row[], leftUs: number, rightUs: number): string {
  const changeUs = rightUs - leftUs;
  const failed = rows.find(({ left, right }) => (left?.errors ?? 0) !== (right?.errors ?? 0) && (left === null || right === null || left.errors === 0 || right.errors === 0));
  const errors = failed === undefined ? '' : ` “${failed.operation}” in ${failed.service} failed on the ${(failed.right?.errors ?? 0) > (failed.left?.errors ?? 0) ? 'right' : 'left'} only.`;
  if (Math.abs(changeUs) <= SAME_SHARE * Math.max(leftUs, rightUs)) return `Both took about the same time, ${inWords(leftUs)} and ${inWords(rightUs)}.${errors}`;
  const direction = Math.sign(changeUs);
  const most = rows.reduce((best, row) => (row.self_change_us * direction > best.self_change_us * direction ? row : best));
  // Calls side by side can change by more than the whole did.
  const share = Math.min(1, Math.abs(most.self_change_us / changeUs));
  const calls = `${most.left?.count ?? 0} → ${most.right?.count ?? 0} calls`;
  const counted = most.left?.count === most.right?.count ? '' : `, ${calls}`;
  return `The right trace took ${inWords(Math.abs(changeUs))} ${changeUs > 0 ? 'longer' : 'less'}; ${Math.round(share * 100)} % of it in “${most.operation}” of ${most.service} itself (${inWords(most.left?.self_us ?? 0)} → ${inWords(most.right?.self_us ?? 0)}${counted}).${errors}`;
}

function inWords(durationUs: number): string {
  if (durationUs >= 1e6) return `${Number((durationUs / 1e6).toPrecision(3))} s`;
  return durationUs >= 1000 ? `${Number((durationUs / 1000).toPrecision(3))} ms` : `${Math.round(durationUs)} µs`;
}

function round(timeUs: number): number {
  return Math.round(timeUs * 1000) / 1000;
}
