import { isFailed, isMessage, type TraceSpan } from './trace-span.ts';

/** Clocks of one machine are read by several libraries; what they differ by is no skew. Microseconds. */
const TOLERANCE_US = 1000;

interface Call {
  readonly parentClock: string;
  /** Bounds of what must be added to the callee's times, seen from the caller's: from its start, and from its end. */
  readonly fromUs: number;
  readonly toUs: number;
  /** Whether the caller surely waited for the end, so that it alone is evidence. */
  readonly waited: boolean;
}

/**
 * What has to be added to the times of each span, because its instance's clock contradicts that of its callers. A callee cannot start before its caller;
 * and it does not end after one that waited for it and got its answer. All calls between two instances bound the difference of their clocks;
 * where zero lies outside, the middle is taken, which shares the time on the network equally between request and answer, as NTP and Jaeger do.
 * Source: jaeger, `internal/.../adjuster/clockskew.go`, which looks at one call at a time.
 *
 * `parents[i]` is the place of the i-th span's real parent, or -1; `order` has parents before children.
 */
export function clockSkews(spans: readonly TraceSpan[], parents: Int32Array, order: Int32Array): Float64Array {
  const clocks = clocksOf(spans, parents, order);
  const calls = callsByClock(spans, parents, clocks);
  const skewOf = new Map<string, number>();
  for (const i of order) {
    const clock = clocks[i]!;
    if (!skewOf.has(clock)) skewOf.set(clock, skewFrom(calls.get(clock) ?? [], skewOf));
  }
  return Float64Array.from(clocks, (clock) => skewOf.get(clock)!);
}

/** Where no instance is named, each entry into the service has a clock of its own: it may be another process each time. */
function clocksOf(spans: readonly TraceSpan[], parents: Int32Array, order: Int32Array): string[] {
  const clocks: string[] = Array.from({ length: spans.length });
  for (const i of order) {
    const { service, instance, kind } = spans[i]!;
    const parent = parents[i]! < 0 ? undefined : spans[parents[i]!]!;
    const isEntry = parent === undefined || parent.service !== service || kind === 'server' || kind === 'consumer';
    if (instance !== '') clocks[i] = `${service}\u{0}${instance}`;
    else clocks[i] = isEntry || parent.instance !== '' ? `${service}\u{0}\u{0}${i}` : clocks[parents[i]!]!;
  }
  return clocks;
}

function callsByClock(spans: readonly TraceSpan[], parents: Int32Array, clocks: readonly string[]): Map<string, Call[]> {
  const calls = new Map<string, Call[]>();
  spans.forEach((span, i) => {
    const parent = parents[i]! < 0 ? undefined : spans[parents[i]!]!;
    if (parent === undefined || clocks[i] === clocks[parents[i]!] || isMessage(span, parent)) return;
    const fits = span.durationUs <= parent.durationUs;
    const call = {
      parentClock: clocks[parents[i]!]!,
      fromUs: parent.startUs - span.startUs,
      toUs: fits ? parent.startUs + parent.durationUs - span.startUs - span.durationUs : Infinity,
      // A caller that gave up ends before its callee; so may one that does not wait.
      waited: fits && parent.kind === 'client' && span.kind === 'server' && !isFailed(parent),
    };
    const list = calls.get(clocks[i]!);
    if (list) list.push(call);
    else calls.set(clocks[i]!, [call]);
  });
  return calls;
}

function skewFrom(calls: readonly Call[], known: ReadonlyMap<string, number>): number {
  let fromUs = -Infinity;
  let toUs = Infinity;
  let surelyToUs = Infinity;
  for (const call of calls) {
    const base = known.get(call.parentClock);
    if (base === undefined) continue;
    fromUs = Math.max(fromUs, base + call.fromUs);
    toUs = Math.min(toUs, base + call.toUs);
    if (call.waited) surelyToUs = Math.min(surelyToUs, base + call.toUs);
  }
  // Clocks that agree with the caller's are left alone, whatever was added to the caller's: the base is part of the bounds.
  if (fromUs - TOLERANCE_US <= 0 && surelyToUs + TOLERANCE_US >= 0) return 0;
  if (toUs === Infinity || fromUs > toUs) return Math.max(fromUs, 0);
  return (fromUs + toUs) / 2;
}
