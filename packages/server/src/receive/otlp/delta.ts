import { labelsKey, type Labels, type RejectReason } from '@pitot/core';

/** Series whose deltas are added up at most; beyond it new ones are turned away. */
const MAX_SERIES = 500_000;
/** A series that was silent this long may give up its place. */
const IDLE_MS = 3_600_000;
const SWEEP_EVERY_MS = 60_000;

/** The running total of one delta series. A total is never changed, only replaced, so that it can be put back. */
export interface DeltaSeries<Total> {
  /** Undefined before the first point. */
  total: Total | undefined;
  /** The time of the last point that was added. */
  lastMs: number;
  /** The earliest start of a point that was added. */
  startMs: number;
  usedMs: number;
}

interface Undo {
  readonly series: DeltaSeries<unknown>;
  readonly total: unknown;
  readonly lastMs: number;
  /** What was put in place; the undo is void when a later request went on from it. */
  readonly replacedBy: unknown;
}

/**
 * Adds deltas up to cumulative totals. The totals outlive handles and requests, and belong to the process: after a restart they
 * begin at zero again, which every PromQL function reads as a counter reset.
 */
export class DeltaStore {
  readonly #series = new Map<string, DeltaSeries<unknown>>();
  #undo: Undo[] = [];
  #sweptMs = 0;

  /** The state of a series, or undefined where there are too many. Any one key is always asked for with one type of total. */
  find<Total>(labels: Labels, kind: string, nowMs: number): DeltaSeries<Total> | undefined {
    const key = `${kind}\u{0}${labelsKey(labels)}`;
    let series = this.#series.get(key) as DeltaSeries<Total> | undefined;
    if (series === undefined) {
      if (this.#series.size >= MAX_SERIES) this.#sweep(nowMs);
      if (this.#series.size >= MAX_SERIES) return undefined;
      series = { total: undefined, lastMs: Number.NEGATIVE_INFINITY, startMs: Number.POSITIVE_INFINITY, usedMs: nowMs };
      this.#series.set(key, series as DeltaSeries<unknown>);
    }
    return series;
  }

  /** Why a point cannot be added: it, or a later one, was added before, or it reaches back before the series began. */
  refusal(series: DeltaSeries<unknown>, startMs: number, timeMs: number): RejectReason | undefined {
    if (timeMs === series.lastMs) return 'duplicate_timestamp';
    if (timeMs < series.lastMs || (startMs > 0 && startMs < series.startMs && series.total !== undefined)) return 'too_old';
    return undefined;
  }

  /** Replaces the total, until `rollBack` or for good with `keep`. */
  replace<Total>(series: DeltaSeries<Total>, total: Total, startMs: number, timeMs: number, nowMs: number): void {
    this.#undo.push({ series: series as DeltaSeries<unknown>, total: series.total, lastMs: series.lastMs, replacedBy: total });
    series.total = total;
    series.lastMs = timeMs;
    if (startMs > 0) series.startMs = Math.min(series.startMs, startMs);
    series.usedMs = nowMs;
  }

  /** Ends a request's changes; what is answered undoes them where the commit fails. */
  takeUndo(): () => void {
    const undo = this.#undo;
    this.#undo = [];
    return () => {
      for (const { series, total, lastMs, replacedBy } of undo.reverse()) {
        // A later request that went on from our total carries our points with it, so they must stay.
        if (series.total !== replacedBy) continue;
        series.total = total;
        series.lastMs = lastMs;
      }
    };
  }

  #sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_EVERY_MS) return;
    this.#sweptMs = nowMs;
    for (const [key, series] of this.#series) if (nowMs - series.usedMs > IDLE_MS) this.#series.delete(key);
  }
}
