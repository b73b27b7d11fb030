import { isMessage, type SpanNode } from './trace-span.ts';

/** A piece of the time of a trace, and the span that it was spent in itself. Microseconds. */
export interface PathPiece {
  readonly node: SpanNode;
  readonly startUs: number;
  readonly endUs: number;
}

/** Clocks and timers are not exact: two calls that overlap by no more than this share of the shorter one came after each other. */
const OVERLAP_SHARE = 0.01;

interface Frame {
  readonly node: SpanNode;
  readonly fromUs: number;
  /** The path behind this is known. */
  untilUs: number;
  /** Last to finish first. */
  readonly children: readonly SpanNode[];
  next: number;
}

/**
 * The pieces of time that made the root as long as it was, in order and without gaps from its start to its end. From the end backwards: the child that
 * finished last before a moment is what was waited for until then; before its start the next one; between them it was the span itself.
 * What a message started is not waited for. A child that outlives its parent counts until the parent's end.
 * Source: Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice Architectures", USENIX ATC 2022, section 4.
 */
export function findCriticalPath(root: SpanNode): PathPiece[] {
  const pieces: PathPiece[] = [];
  const emit = (node: SpanNode, startUs: number, endUs: number): void => {
    if (endUs <= startUs) return;
    const last = pieces.at(-1);
    if (last?.node === node && last.startUs === endUs) pieces[pieces.length - 1] = { ...last, startUs };
    else pieces.push({ node, startUs, endUs });
  };
  const stack: Frame[] = [frameOf(root, root.startUs, root.endUs)];
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const child = nextChild(frame);
    if (child === undefined) {
      emit(frame.node, frame.fromUs, frame.untilUs);
      stack.pop();
      continue;
    }
    const endUs = Math.min(child.endUs, frame.untilUs);
    const startUs = Math.max(child.startUs, frame.fromUs);
    emit(frame.node, endUs, frame.untilUs);
    frame.untilUs = startUs;
    stack.push(frameOf(child, startUs, endUs));
  }
  return pieces.reverse();
}

function frameOf(node: SpanNode, fromUs: number, untilUs: number): Frame {
  const children = node.children.filter((child) => child.endUs > fromUs && child.startUs < untilUs && !isMessage(child.span, node.span));
  // What outlives its parent ends with it: among those the longest was waited for.
  const endIn = (child: SpanNode) => Math.min(child.endUs, untilUs);
  children.sort((a, b) => endIn(b) - endIn(a) || a.startUs - b.startUs);
  return { node, fromUs, untilUs, children, next: 0 };
}

function nextChild(frame: Frame): SpanNode | undefined {
  const isFirst = frame.next === 0;
  while (frame.next < frame.children.length) {
    const child = frame.children[frame.next++]!;
    const { startUs, endUs } = child;
    const startsBefore = Math.max(startUs, frame.fromUs) < frame.untilUs;
    const overlapUs = endUs - frame.untilUs;
    if (startsBefore && (isFirst || overlapUs <= OVERLAP_SHARE * (endUs - startUs))) return child;
  }
  return undefined;
}

/** Microseconds that a span spent itself, while none of its children ran. */
export function selfTimeUs(node: SpanNode): number {
  let covered = 0;
  let until = node.startUs;
  for (const child of node.children) {
    const from = Math.max(child.startUs, until);
    const to = Math.min(child.endUs, node.endUs);
    if (to <= from) continue;
    covered += to - from;
    until = to;
  }
  return Math.max(0, node.endUs - node.startUs - covered);
}
