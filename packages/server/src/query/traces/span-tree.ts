import { clockSkews } from './clock-skew.ts';
import type { SpanNode, TraceSpan } from './trace-span.ts';

/** The spans of a trace in the order of a waterfall, and what was wrong with them. */
export interface SpanTree {
  /** Parents before children, siblings by start; every span id once. */
  readonly nodes: readonly SpanNode[];
  /** The span the trace is about: the first that names no parent, else the first whose parent has not come. Undefined without spans. */
  readonly root: SpanNode | undefined;
  readonly duplicates: number;
  readonly missingParents: number;
  /** Spans whose parent was passed over because it is their own descendant, or themselves. */
  readonly cycles: number;
  readonly hasRoot: boolean;
  /** Where the nodes' times count from, in the spans' own: the first start, skew corrected. */
  readonly firstUs: number;
}

type MutableNode = { -readonly [Key in keyof SpanNode]: SpanNode[Key] } & { children: MutableNode[] };

const NONE = -1;

/**
 * Puts spans in their places, in any order they come. A span whose parent is not there goes under the root where that was running then, else it stands for
 * itself. A cycle is cut at its first span by time. Takes n log n time whatever the shape: nothing recurses.
 */
export function buildSpanTree(sent: readonly TraceSpan[]): SpanTree {
  const sorted = sent.toSorted((a, b) => a.startUs - b.startUs || b.durationUs - a.durationUs || (a.spanId < b.spanId ? -1 : 1));
  const places = new Map<string, number>();
  const spans = sorted.filter(({ spanId }) => !places.has(spanId) && places.set(spanId, places.size));
  const parents = Int32Array.from(spans, ({ parentId, spanId }) => (parentId === '' || parentId === spanId ? NONE : (places.get(parentId) ?? NONE)));
  const cycles = cutCycles(parents) + spans.filter(({ parentId, spanId }) => parentId === spanId).length;
  const skews = clockSkews(spans, parents, parentsFirst(parents));
  const firstUs = spans.reduce((first, span, i) => Math.min(first, span.startUs + skews[i]!), Infinity);
  const nodes = spans.map((span, i): MutableNode => {
    const startUs = span.startUs + skews[i]! - firstUs;
    return { span, parent: undefined, children: [], depth: 0, isParentReal: true, startUs, endUs: startUs + span.durationUs, skewUs: skews[i]! };
  });
  const isOrphan = (i: number) => parents[i] === NONE && spans[i]!.parentId !== '' && !places.has(spans[i]!.parentId);
  const rootPlace = findRoot(spans, parents);
  const root = rootPlace === NONE ? undefined : nodes[rootPlace]!;
  let missingParents = 0;
  nodes.forEach((node, i) => {
    if (isOrphan(i)) missingParents++;
    const isAdopted = isOrphan(i) && root !== undefined && node !== root && root.span.parentId === '' && node.startUs >= root.startUs && node.startUs <= root.endUs;
    const parent = isAdopted ? root : parents[i] === NONE ? undefined : nodes[parents[i]!]!;
    node.isParentReal = !isAdopted;
    node.parent = parent;
    parent?.children.push(node);
  });
  return {
    nodes: waterfall(nodes, root),
    root,
    duplicates: sent.length - spans.length,
    missingParents,
    cycles,
    hasRoot: root !== undefined && root.span.parentId === '',
    firstUs: spans.length === 0 ? 0 : firstUs,
  };
}

/** Walks up from each span; one that is met again on the same way closes a cycle, which is cut at its first span by time. Answers how many. */
function cutCycles(parents: Int32Array): number {
  const seenBy = new Int32Array(parents.length).fill(NONE);
  let cycles = 0;
  for (let start = 0; start < parents.length; start++) {
    let at = start;
    while (at !== NONE && seenBy[at] === NONE) {
      seenBy[at] = start;
      at = parents[at]!;
    }
    if (at === NONE || seenBy[at] !== start) continue;
    let first = at;
    for (let member = parents[at]!; member !== at; member = parents[member]!) first = Math.min(first, member);
    parents[first] = NONE;
    cycles++;
  }
  return cycles;
}

/** Places of the spans, each after its parent's. */
function parentsFirst(parents: Int32Array): Int32Array {
  const order = new Int32Array(parents.length);
  const isDone = new Uint8Array(parents.length);
  let done = 0;
  const way: number[] = [];
  for (let start = 0; start < parents.length; start++) {
    for (let at = start; at !== NONE && isDone[at] === 0; at = parents[at]!) way.push(at);
    for (let at = way.pop(); at !== undefined; at = way.pop()) {
      isDone[at] = 1;
      order[done++] = at;
    }
  }
  return order;
}

function findRoot(spans: readonly TraceSpan[], parents: Int32Array): number {
  const named = spans.findIndex(({ parentId }) => parentId === '');
  return named === NONE ? parents.indexOf(NONE) : named;
}

/** The root's tree first, the others by start. */
function waterfall(nodes: readonly MutableNode[], root: MutableNode | undefined): SpanNode[] {
  const byStart = (a: SpanNode, b: SpanNode) => a.startUs - b.startUs;
  const tops = nodes.filter((node) => node.parent === undefined && node !== root).sort(byStart);
  const stack: MutableNode[] = (root === undefined ? tops : [root, ...tops]).toReversed();
  const ordered: SpanNode[] = [];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    node.depth = node.parent === undefined ? 0 : node.parent.depth + 1;
    ordered.push(node);
    node.children.sort(byStart);
    for (let i = node.children.length - 1; i >= 0; i--) stack.push(node.children[i]!);
  }
  return ordered;
}
