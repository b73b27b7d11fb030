import type { Source } from '@pitot/core';
import { countOf, listOf } from '../../time/phrase.ts';

export interface Arrival {
  /** `live`: data came in the last minutes; `earlier`: it did once; `waiting`: never since the start. */
  readonly state: 'live' | 'earlier' | 'waiting';
  readonly text: string;
  readonly lastMs: number | undefined;
}

const LIVE_MS = 2 * 60_000;

/** What has arrived by these receivers, and from whom. */
export function arrivalOf(receivers: readonly string[], sources: readonly Source[], nowMs: number): Arrival {
  const mine = sources.filter((source) => receivers.includes(source.receiver));
  if (mine.length === 0) return { state: 'waiting', text: 'Waiting for the first sample', lastMs: undefined };
  const lastMs = Math.max(...mine.map((source) => Date.parse(source.last_received)));
  const samples = mine.reduce((sum, source) => sum + source.samples_total, 0);
  const services = [...new Set(mine.toSorted((a, b) => Date.parse(b.last_received) - Date.parse(a.last_received)).map((source) => source.service))];
  const text = `${countOf(samples, 'sample')} from ${listOf(services)}`;
  return { state: nowMs - lastMs < LIVE_MS ? 'live' : 'earlier', text, lastMs };
}
