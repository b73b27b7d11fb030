import { isFailed, isMessage, type SpanNode, type TraceSpan } from './trace-span.ts';

/** The failure that explains the failures above it. */
export interface ErrorOrigin {
  readonly node: SpanNode;
  /** One sentence. */
  readonly reason: string;
  /** From the origin up to the highest span that failed because of it. */
  readonly chain: readonly SpanNode[];
}

/** How a child's failure can be seen to be that of its parent. */
type Cause = { readonly node: SpanNode; readonly why: 'same_exception' | 'passed_on' | 'timeout' };

const TIMEOUT_WORDS = /time[d ]?-?\s?out|deadline|abort|cancel/i;
const TIMEOUT_STATUSES = new Set([408, 504]);
/** A timer that fires and a caller that hears of it are this far apart at most, as a share of the time waited. */
const TIMER_SHARE = 0.02;

/**
 * Where the failure of a trace came from: from a span that failed and that nobody shielded its callers from, down through the children whose failures
 * explain it. A child's failure explains its parent's unless the child was tried again with success, or the parent went on to other work that succeeded,
 * or nobody waited for it. Where a parent gave up while a child still ran, the child is what was slow, failed or not.
 * Undefined where nothing failed that reached the top of a unit of work: what was handled is no failure of the trace.
 */
export function findErrorOrigin(nodes: readonly SpanNode[], root: SpanNode | undefined): ErrorOrigin | undefined {
  const tops = nodes.filter((node) => isFailed(node.span) && isTopOfWork(node));
  const top = tops.find((node) => node === root) ?? tops[0];
  if (top === undefined) return undefined;
  const chain = [top];
  let last: Cause['why'] | undefined;
  for (let cause = causeOf(top); cause !== undefined; cause = causeOf(cause.node)) {
    chain.push(cause.node);
    last = cause.why;
    if (cause.why === 'timeout' && !isFailed(cause.node.span)) {
      for (const slow of stillRunning(cause.node, chain.at(-2)!.endUs)) chain.push(slow);
      break;
    }
  }
  const node = chain.at(-1)!;
  chain.reverse();
  return { node, chain, reason: reasonOf(node, chain, last) };
}

/** Nobody waits for the result: a root, the work on a message, what was started and left alone, or a span whose parent has not come. */
function isTopOfWork(node: SpanNode): boolean {
  return node.parent === undefined || !node.isParentReal || isDetached(node);
}

function isDetached(node: SpanNode): boolean {
  return node.parent !== undefined && (isMessage(node.span, node.parent.span) || node.startUs > node.parent.endUs);
}

function causeOf(parent: SpanNode): Cause | undefined {
  const children = parent.children.filter((child) => child.isParentReal && !isDetached(child));
  const slow = gaveUpOn(parent, children);
  const successes = new Successes(parent, children);
  const failed = children
    .filter((child) => isFailed(child.span) && !successes.handled(child))
    .map((node) => ({ node, kinship: kinship(node.span, parent.span) }));
  // What the parent says it failed of counts most; then what was nearest to its end, because that is when it failed.
  failed.sort((a, b) => b.kinship - a.kinship || distanceUs(a.node, parent) - distanceUs(b.node, parent));
  const best = failed[0];
  if (best !== undefined && (slow === undefined || slow === best.node || best.kinship >= SAME_EXCEPTION)) {
    return { node: best.node, why: slow === best.node ? 'timeout' : best.kinship >= SAME_EXCEPTION ? 'same_exception' : 'passed_on' };
  }
  if (slow !== undefined) return { node: slow, why: 'timeout' };
  // The spans between may have been lost: a failure without its parent is likelier to be the cause than that there was none.
  const orphan = parent.children.filter((child) => !child.isParentReal && isFailed(child.span)).sort((a, b) => distanceUs(a, parent) - distanceUs(b, parent))[0];
  return orphan === undefined ? undefined : { node: orphan, why: 'passed_on' };
}

/** The call that was still running when the parent ended, the longest of them, where the parent was waiting for it. */
function gaveUpOn(parent: SpanNode, children: readonly SpanNode[]): SpanNode | undefined {
  const marginUs = TIMER_SHARE * (parent.endUs - parent.startUs);
  const running = children.filter((child) => child.endUs > parent.endUs && (saysTimeout(parent.span) || child.endUs > parent.endUs + marginUs));
  return running.sort((a, b) => a.startUs - b.startUs || b.endUs - a.endUs)[0];
}

function saysTimeout(span: TraceSpan): boolean {
  return TIMEOUT_STATUSES.has(span.httpStatus) || [span.exceptionType, span.exceptionMessage, span.statusMessage].some((text) => TIMEOUT_WORDS.test(text));
}

/** The last starts of what went well under a parent: of each call, and of all work that was done within its time. */
class Successes {
  readonly #parent: SpanNode;
  readonly #lastOfCall = new Map<string, number>();
  #lastOfWorkUs = -Infinity;

  constructor(parent: SpanNode, children: readonly SpanNode[]) {
    this.#parent = parent;
    for (const { span, startUs, endUs } of children) {
      if (isFailed(span)) continue;
      const call = callKey(span);
      this.#lastOfCall.set(call, Math.max(startUs, this.#lastOfCall.get(call) ?? -Infinity));
      if (endUs <= parent.endUs && !isCleanUp(span)) this.#lastOfWorkUs = Math.max(this.#lastOfWorkUs, startUs);
    }
  }

  /** Tried again with success, or passed over: the parent then did something else that went well, and its own failure is another one. */
  handled({ span, endUs }: SpanNode): boolean {
    if ((this.#lastOfCall.get(callKey(span)) ?? -Infinity) >= endUs) return true;
    return kinship(span, this.#parent.span) < SAME_EXCEPTION && this.#lastOfWorkUs >= endUs;
  }
}

function callKey({ service, operation, kind, peer }: TraceSpan): string {
  return [service, operation, kind, peer].join('\u{0}');
}

/** What is done after a failure as well: undoing, telling, logging. */
function isCleanUp({ operation, kind }: TraceSpan): boolean {
  return kind === 'producer' || /rollback|release|close|clean|unlock|log|report|notify|error|render|respond|audit/i.test(operation);
}

const SAME_EXCEPTION = 4;

/** How much alike two failures are: the same words count more than the same status. */
function kinship(child: TraceSpan, parent: TraceSpan): number {
  let score = 0;
  const messages = [child.exceptionMessage, child.statusMessage].filter((text) => text.length > 3);
  const above = [parent.exceptionMessage, parent.statusMessage].filter((text) => text !== '');
  if (messages.some((text) => above.some((other) => other.includes(text)))) score += SAME_EXCEPTION;
  if (child.exceptionType !== '' && child.exceptionType === parent.exceptionType) score += 2;
  if (child.httpStatus >= 500 && parent.httpStatus >= 500) score += 1;
  if (child.httpStatus >= 400 && child.httpStatus < 500) score -= 1;
  return score;
}

/** From the end of the failed child to the parent's own. */
function distanceUs(child: SpanNode, parent: SpanNode): number {
  return Math.abs(parent.endUs - child.endUs);
}

/** Down from a slow span: what was still running, too, when the time was up. */
function stillRunning(from: SpanNode, atUs: number): SpanNode[] {
  const way: SpanNode[] = [];
  for (let node: SpanNode | undefined = from; node !== undefined; ) {
    const running: SpanNode[] = node.children.filter((child) => child.isParentReal && !isDetached(child) && child.startUs <= atUs && child.endUs > atUs);
    node = running.sort((a, b) => b.endUs - a.endUs)[0];
    if (node !== undefined) way.push(node);
  }
  return way;
}

function reasonOf({ span, endUs }: SpanNode, chain: readonly SpanNode[], why: Cause['why'] | undefined): string {
  const name = `“${span.operation}” in ${span.service}`;
  const above = chain.length - 1;
  const passedOn = above === 0 ? '' : ` ${above === 1 ? 'One span' : `${above} spans`} above it failed because of it, up to “${chain.at(-1)!.span.operation}” in ${chain.at(-1)!.span.service}`;
  const caller = chain[1];
  if (why === 'timeout' && caller !== undefined && endUs > caller.endUs) {
    const waited = chain.findLast((node) => isFailed(node.span) && node.endUs < endUs) ?? caller;
    return `${name} was still running, after ${inWords(waited.endUs - chain[0]!.startUs)}, when “${waited.span.operation}” in ${waited.span.service} gave up.`;
  }
  const what = failureText(span);
  if (above === 0) return `${name} failed${what}; no call it made explains it.`;
  return `${name} failed${what}.${passedOn}${why === 'same_exception' ? ', with the same error' : ''}.`;
}

function failureText({ exceptionType, exceptionMessage, statusMessage, httpStatus }: TraceSpan): string {
  const message = firstLine(exceptionMessage || statusMessage);
  const type = exceptionType === '' ? (httpStatus > 0 ? `HTTP ${httpStatus}` : '') : exceptionType;
  if (type !== '' && message !== '') return ` with ${type}: ${message}`;
  return type + message === '' ? '' : ` with ${type}${message}`;
}

const LONGEST_MESSAGE = 200;

function firstLine(text: string): string {
  const line = text.split('\n', 1)[0]!.trim().replace(/\.$/, '');
  return line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line;
}

function inWords(durationUs: number): string {
  if (durationUs >= 1e6) return `${Number((durationUs / 1e6).toPrecision(3))} s`;
  return durationUs >= 1000 ? `${Number((durationUs / 1000).toPrecision(3))} ms` : `${Math.round(durationUs)} µs`;
}
