import type { Span, TraceAnswer } from '@pitot/core';
import { countOf } from '../../time/phrase.ts';
import type { Verdict } from '../../ui/sentence.tsx';
import { formatValue } from '../../units/format.ts';

/** Microseconds as people read them. */
export const sayUs = (us: number): string => formatValue(us / 1e6, 'seconds');

/** A share of the critical path: time in a service itself, or waiting for something that sends no spans. */
interface PathShare {
  readonly name: string;
  readonly isWaiting: boolean;
  readonly us: number;
  /** Of the whole path, 0–1. */
  readonly share: number;
}

/** What the trace's time went to, the most first. */
export function pathShares({ spans, critical_path: pieces }: Pick<TraceAnswer, 'spans' | 'critical_path'>): PathShare[] {
  const byId = new Map<string, Span>();
  const parents = new Set<string>();
  for (const span of spans) {
    byId.set(span.span_id, span);
    if (span.parent_id !== '') parents.add(span.parent_id);
  }
  const sums = new Map<string, { name: string; isWaiting: boolean; us: number }>();
  let total = 0;
  for (const piece of pieces) {
    const span = byId.get(piece.span_id);
    if (span === undefined) continue;
    // A call without spans beneath it is time of what it calls, not of the caller.
    const isWaiting = span.peer !== '' && !parents.has(span.span_id) && (span.kind === 'client' || span.kind === 'producer');
    const name = isWaiting ? span.peer : span.service;
    const us = piece.end_us - piece.start_us;
    total += us;
    const known = sums.get(name) ?? { name, isWaiting, us: 0 };
    known.us += us;
    known.isWaiting &&= isWaiting;
    sums.set(name, known);
  }
  return [...sums.values()].map((sum) => ({ ...sum, share: total === 0 ? 0 : sum.us / total })).sort((a, b) => b.us - a.us);
}

/** "POST /checkout took 2.4 s and failed: payment › charge failed with PoolExhausted; 81 % of the time was spent in payment." */
export function traceVerdict(trace: TraceAnswer): Verdict {
  const root = trace.spans[0];
  if (root === undefined) return { tone: 'none', text: 'No span of this trace is stored.' };
  const errors = trace.spans.reduce((count, { status }) => count + (status === 'error' ? 1 : 0), 0);
  const [first] = pathShares(trace);
  const took = `${root.service} › ${root.operation} took ${sayUs(trace.duration_us)}`;
  const time =
    first === undefined || trace.spans.length < 2 ? '' : `; ${formatValue(Math.round(first.share * 100) / 100, 'ratio')} of the time was ${first.isWaiting ? 'waiting for' : 'spent in'} ${first.name}`;
  const details = trace.problems.map(({ message }) => message);
  if (errors === 0) return { tone: 'ok', text: `${took} and nothing in it failed${time}.`, details };
  const failed = root.status === 'error';
  const reason = originText(trace);
  const outcome = failed ? ' and failed' : `; it succeeded, although ${countOf(errors, 'call')} in it failed`;
  return { tone: failed ? 'bad' : 'warn', text: `${took}${outcome}${reason === '' ? '' : `: ${reason}`}${time}.`, details };
}

const LONGEST_REASON = 140;

/** Which span broke first and with what, without the full stop; empty where nobody knows. */
function originText({ error_origin: origin, spans }: TraceAnswer): string {
  if (origin === null) return '';
  const span = spans.find(({ span_id: id }) => id === origin.span_id);
  if (span === undefined) return origin.reason.replace(/\.$/, '');
  const message = (origin.exception_message || span.status_message).split('\n', 1)[0]!.trim().replace(/\.$/, '');
  const what = [origin.exception_type, message].filter((part) => part !== '').join(': ');
  const short = what.length > LONGEST_REASON ? `${what.slice(0, LONGEST_REASON)}…` : what;
  if (span.depth === 0) return short === '' ? 'it broke there itself' : short;
  return `${span.service} › ${span.operation} ${span.status === 'error' ? 'broke first' : 'was too slow'}${short === '' ? '' : ` (${short})`}`;
}

/** One sentence about a span for its panel. */
export function spanVerdict(span: Span, selfUs: number, trace: Pick<TraceAnswer, 'duration_us' | 'error_origin'>): string {
  const share = trace.duration_us === 0 ? 1 : span.duration_us / trace.duration_us;
  const length = `${sayUs(span.duration_us)}, ${formatValue(Math.round(share * 1000) / 1000, 'ratio')} of the trace`;
  const self = selfUs >= span.duration_us * 0.995 ? 'all of it its own' : `${sayUs(selfUs)} of it its own`;
  const outcome = span.status === 'error' ? 'It failed.' : 'It did not fail.';
  const origin = trace.error_origin?.span_id === span.span_id ? ' The trace’s error began here.' : '';
  return `${KIND_WORDS[span.kind]} took ${length}, ${self}. ${outcome}${origin}`;
}

const KIND_WORDS: Readonly<Record<Span['kind'], string>> = {
  unspecified: 'This span',
  internal: 'This step',
  server: 'This request',
  client: 'This call',
  producer: 'This message',
  consumer: 'This delivery',
};
