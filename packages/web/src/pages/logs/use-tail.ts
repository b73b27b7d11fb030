import type { LogRecord, TailMessage } from '@pitot/core';
import { useEffect, useState } from 'react';
import { LOGS_PATH } from '../../api/log-queries.ts';
import { ArrivalRate, mergeTail } from './tail-lines.ts';

/** Older ones are still found by a search. */
const MOST_LINES = 2000;

export interface Tail {
  /** Newest first. */
  readonly lines: readonly LogRecord[];
  /** Arrived while the list is held still. */
  readonly waiting: number;
  readonly perSecond: number;
  /** Left out by the server since the tail began. */
  readonly skipped: number;
  readonly state: 'opening' | 'following' | 'interrupted';
}

interface TailState {
  readonly subject: string;
  readonly lines: readonly LogRecord[];
  readonly waiting: readonly LogRecord[];
  readonly perSecond: number;
  readonly skipped: number;
  readonly state: Tail['state'];
}

const fresh = (subject: string): TailState => ({ subject, lines: [], waiting: [], perSecond: 0, skipped: 0, state: 'opening' });

/** Matching records as they arrive. While `held`, they wait, so that nothing moves under the hand. */
export function useTail(on: boolean, query: string, environment: string | undefined, held: boolean): Tail {
  const subject = JSON.stringify([on, query, environment]);
  const [state, setState] = useState(() => fresh(subject));
  if (state.subject !== subject) setState(fresh(subject));
  else if (!held && state.waiting.length > 0) setState({ ...state, lines: mergeTail(state.lines, state.waiting, MOST_LINES), waiting: [] });

  useEffect(() => {
    if (!on) return undefined;
    const rate = new ArrivalRate(Date.now());
    const update = (change: (now: TailState) => Partial<TailState>): void =>
      setState((now) => (now.subject === subject ? { ...now, ...change(now), perSecond: rate.perSecond(Date.now()) } : now));
    const parameters = new URLSearchParams({ query, ...(environment !== undefined && { environment }) });
    const stream = new EventSource(`${LOGS_PATH}/tail?${parameters}`);
    stream.addEventListener('open', () => update(() => ({ state: 'following' })));
    stream.addEventListener('error', () => update(() => ({ state: 'interrupted' })));
    stream.addEventListener('log', (event: MessageEvent<string>) => {
      const { logs, skipped } = JSON.parse(event.data) as TailMessage;
      rate.add(Date.now(), logs.length + skipped);
      update((now) => ({ state: 'following', skipped: now.skipped + skipped, waiting: [...now.waiting, ...logs].slice(-MOST_LINES) }));
    });
    const timer = setInterval(() => update(() => ({})), 1000);
    return () => {
      clearInterval(timer);
      stream.close();
    };
  }, [on, query, environment, subject]);

  return { ...state, waiting: state.waiting.length };
}
