import type { Span } from '@pitot/core';

/** What a waterfall needs to know of a trace besides its spans; arrays are by the span's index in the order of the waterfall. */
export interface TraceTree {
  readonly spans: readonly Span[];
  /** Index of the span it stands under; -1 at the top. */
  readonly parents: Int32Array;
  /** Index after the last descendant. */
  readonly ends: Int32Array;
  readonly childCounts: Int32Array;
  /** Failed spans beneath, itself left out. */
  readonly errorsBelow: Int32Array;
  /** Microseconds in which it ran and none of its children did. */
  readonly selfUs: Float64Array;
  /** What it is the second, third, … attempt of; 0 where it was not tried again. */
  readonly attempts: Uint8Array;
  /** 1 where its parent has not come. */
  readonly orphans: Uint8Array;
  readonly indexById: ReadonlyMap<string, number>;
}

/** Spans in the order of a waterfall (parents before children) to a tree. */
export function treeOf(spans: readonly Span[]): TraceTree {
  const count = spans.length;
  const parents = new Int32Array(count).fill(-1);
  const ends = new Int32Array(count);
  const childCounts = new Int32Array(count);
  const errorsBelow = new Int32Array(count);
  const indexById = new Map<string, number>();
  const open: number[] = [];
  for (let i = 0; i < count; i++) {
    const span = spans[i]!;
    while (open.length > 0 && spans[open.at(-1)!]!.depth >= span.depth) ends[open.pop()!] = i;
    parents[i] = open.at(-1) ?? -1;
    if (parents[i]! >= 0) childCounts[parents[i]!]!++;
    if (span.status === 'error') for (const above of open) errorsBelow[above]!++;
    open.push(i);
    indexById.set(span.span_id, i);
  }
  for (const i of open) ends[i] = count;
  const tree = { spans, parents, ends, childCounts, errorsBelow, indexById };
  const orphans = Uint8Array.from(spans, ({ parent_id }, i) => (parent_id !== '' && spans[parents[i]!]?.span_id !== parent_id ? 1 : 0));
  return { ...tree, orphans, selfUs: selfTimes(tree), attempts: attemptsOf(tree) };
}

function childrenOf({ ends }: Pick<TraceTree, 'ends'>, index: number): number[] {
  const children: number[] = [];
  for (let child = index + 1; child < ends[index]!; child = ends[child]!) children.push(child);
  return children;
}

type Skeleton = Pick<TraceTree, 'spans' | 'ends' | 'childCounts'>;

/** Siblings come by start, so one pass merges what they cover. */
function selfTimes(tree: Skeleton): Float64Array {
  return Float64Array.from(tree.spans, ({ start_us: start, duration_us: duration }, i) => {
    const end = start + duration;
    let covered = 0;
    let reached = start;
    for (const child of childrenOf(tree, i)) {
      const { start_us: childStart, duration_us: childDuration } = tree.spans[child]!;
      const from = Math.max(reached, childStart);
      const to = Math.min(end, childStart + childDuration);
      if (to > from) {
        covered += to - from;
        reached = to;
      }
    }
    return Math.max(0, duration - covered);
  });
}

/** Calls of the same thing by the same parent, each begun after a failed one had ended, are attempts at one call. */
function attemptsOf(tree: Skeleton): Uint8Array {
  const attempts = new Uint8Array(tree.spans.length);
  for (let i = 0; i < tree.spans.length; i++) {
    if (tree.childCounts[i]! < 2) continue;
    const last = new Map<string, number>();
    for (const child of childrenOf(tree, i)) {
      const span = tree.spans[child]!;
      const key = `${span.service}\u0000${span.operation}\u0000${span.kind}\u0000${span.peer}`;
      const before = last.get(key);
      last.set(key, child);
      if (before === undefined) continue;
      const { status, start_us: start, duration_us: duration } = tree.spans[before]!;
      if (status !== 'error' || start + duration > span.start_us) continue;
      attempts[before] = Math.max(1, attempts[before]!);
      attempts[child] = Math.min(255, attempts[before]! + 1);
    }
  }
  return attempts;
}

/** What of a trace is looked for; every part that is given must hold. */
export interface SpanFilter {
  readonly text: string;
  readonly service: string | undefined;
  readonly errorsOnly: boolean;
}

export const NO_FILTER: SpanFilter = { text: '', service: undefined, errorsOnly: false };

/** 1 for spans that match, 2 for those above them, 0 for the others; undefined where nothing is looked for. */
export function matchSpans(tree: TraceTree, { text, service, errorsOnly }: SpanFilter): Uint8Array | undefined {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0 && service === undefined && !errorsOnly) return undefined;
  const matches = new Uint8Array(tree.spans.length);
  for (const [i, span] of tree.spans.entries()) {
    if (errorsOnly && span.status !== 'error') continue;
    if (service !== undefined && span.service !== service) continue;
    const haystack = `${span.service} ${span.operation} ${span.peer} ${span.status_message} ${span.span_id}`.toLowerCase();
    if (!words.every((word) => haystack.includes(word))) continue;
    matches[i] = 1;
    for (let above = tree.parents[i]!; above >= 0 && matches[above] === 0; above = tree.parents[above]!) matches[above] = 2;
  }
  return matches;
}

/** Indexes of the spans to show, in order: without what lies beneath a collapsed one; while something is looked for, only that and what is above it. */
export function visibleRows(tree: TraceTree, collapsed: ReadonlySet<string>, matches: Uint8Array | undefined): Int32Array {
  const rows = new Int32Array(tree.spans.length);
  let count = 0;
  for (let i = 0; i < tree.spans.length; ) {
    if (matches !== undefined && matches[i] === 0) {
      i = tree.ends[i]!;
      continue;
    }
    rows[count++] = i;
    i = matches === undefined && collapsed.has(tree.spans[i]!.span_id) ? tree.ends[i]! : i + 1;
  }
  return rows.subarray(0, count);
}

/** A trace with more spans than this begins with its deep parts collapsed. */
const MOST_OPEN_ROWS = 1000;

/**
 * What a trace begins with: everything open, or, in a large one, as many levels as stay within a thousand rows, and the way to the spans in `keep`.
 */
export function startingCollapsed(tree: TraceTree, keep: readonly string[] = []): ReadonlySet<string> {
  if (tree.spans.length <= MOST_OPEN_ROWS) return new Set();
  const perDepth: number[] = [];
  for (const { depth } of tree.spans) perDepth[depth] = (perDepth[depth] ?? 0) + 1;
  let rows = 0;
  let deepest = 0;
  for (const [depth, count] of perDepth.entries()) {
    rows += count ?? 0;
    if (rows > MOST_OPEN_ROWS) break;
    deepest = depth;
  }
  const collapsed = new Set<string>();
  for (const [i, { depth, span_id }] of tree.spans.entries()) if (depth >= deepest && tree.childCounts[i]! > 0) collapsed.add(span_id);
  for (const spanId of keep) for (const above of ancestorsOf(tree, spanId)) collapsed.delete(above);
  return collapsed;
}

/** Ids of the spans above one, the nearest first. */
export function ancestorsOf(tree: TraceTree, spanId: string): string[] {
  const ids: string[] = [];
  const index = tree.indexById.get(spanId);
  for (let above = index === undefined ? -1 : tree.parents[index]!; above >= 0; above = tree.parents[above]!) ids.push(tree.spans[above]!.span_id);
  return ids;
}

/** Opens the way to a span. */
export function revealed(tree: TraceTree, collapsed: ReadonlySet<string>, spanId: string): ReadonlySet<string> {
  const hiding = ancestorsOf(tree, spanId).filter((id) => collapsed.has(id));
  if (hiding.length === 0) return collapsed;
  const next = new Set(collapsed);
  for (const id of hiding) next.delete(id);
  return next;
}

/** The failed span after (or, backwards, before) `from`, around the end; undefined where none failed. */
export function nextError(tree: TraceTree, from: number, step: 1 | -1 = 1): number | undefined {
  const count = tree.spans.length;
  for (let n = 1; n <= count; n++) {
    const i = (((from + step * n) % count) + count) % count;
    if (tree.spans[i]!.status === 'error') return i;
  }
  return undefined;
}

/** What a key does to a tree: where the selection goes, or what is opened or closed. */
type TreeMove = { readonly kind: 'select'; readonly row: number } | { readonly kind: 'toggle'; readonly spanId: string } | undefined;

/** Arrow keys as trees have them: right opens or goes in, left closes or goes out. */
export function moveInTree(tree: TraceTree, rows: Int32Array, row: number, collapsed: ReadonlySet<string>, key: string): TreeMove {
  const last = rows.length - 1;
  if (last < 0) return undefined;
  const index = rows[row];
  const to = (next: number): TreeMove => ({ kind: 'select', row: Math.min(last, Math.max(0, next)) });
  if (index === undefined) return to(0);
  const { span_id: spanId } = tree.spans[index]!;
  const isOpen = tree.childCounts[index]! > 0 && !collapsed.has(spanId);
  switch (key) {
    case 'ArrowDown':
      return to(row + 1);
    case 'ArrowUp':
      return to(row - 1);
    case 'PageDown':
      return to(row + PAGE_ROWS);
    case 'PageUp':
      return to(row - PAGE_ROWS);
    case 'Home':
      return to(0);
    case 'End':
      return to(last);
    case 'ArrowRight':
      if (tree.childCounts[index] === 0) return undefined;
      return isOpen ? to(row + 1) : { kind: 'toggle', spanId };
    case 'ArrowLeft': {
      if (isOpen) return { kind: 'toggle', spanId };
      const parent = rows.lastIndexOf(tree.parents[index]!, row);
      return parent < 0 ? undefined : to(parent);
    }
    default:
      return undefined;
  }
}

const PAGE_ROWS = 20;
