import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { createContext, use, useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { statusQuery } from '../api/status-query.ts';
import { rangeOf, refreshMsOf } from '../url/search.ts';
import { absoluteRange, DEFAULT_RANGE, resolveRange, type ResolvedRange, type TimeRange } from './range.ts';

interface TimeWindow extends ResolvedRange {
  readonly range: TimeRange;
  /** 0 when refreshing is off. */
  readonly refreshMs: number;
  /** The moment the window was resolved at; moves with every refresh. */
  readonly nowMs: number;
  readonly setRange: (range: TimeRange) => void;
  /** Sets an absolute range and remembers the one before, so that a double click can return to it. */
  readonly zoom: (startMs: number, endMs: number) => void;
  readonly resetZoom: () => void;
  readonly refresh: () => void;
}

const Context = createContext<TimeWindow | undefined>(undefined);
const SECOND_MS = 1000;
const YOUNG_MS = 120_000;
const YOUNG_REFRESH_MS = 3000;

/** One time range for all charts and tables of a page, from the address; moves at the refresh interval while it can be seen. */
export function TimeWindowProvider({ children }: { readonly children: ReactNode }) {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const [nowMs, setNowMs] = useState(() => Date.now());
  const beforeZoom = useRef<TimeRange | undefined>(undefined);
  const { data: startedMs } = useQuery({ ...statusQuery, select: (status) => Date.parse(status.started) });
  const chosenMs = refreshMsOf(search);
  // A server that has just started has a few points only; they are shown as they come.
  const young = startedMs !== undefined && nowMs - startedMs < YOUNG_MS;
  const refreshMs = young ? Math.min(chosenMs, YOUNG_REFRESH_MS) : chosenMs;
  const { from, to } = rangeOf(search);

  const refresh = useCallback(() => setNowMs(Date.now()), []);
  // Going back and forward changes the range without passing through the functions below.
  useEffect(() => {
    window.addEventListener('popstate', refresh);
    return () => window.removeEventListener('popstate', refresh);
  }, [refresh]);
  useEffect(() => {
    if (refreshMs === 0) return undefined;
    const tick = (): void => {
      if (document.visibilityState === 'visible') refresh();
    };
    const timer = setInterval(tick, refreshMs);
    document.addEventListener('visibilitychange', tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    };
  }, [refreshMs, refresh]);

  const value = useMemo<TimeWindow>(() => {
    const range = { from, to };
    const apply = (next: TimeRange): void => {
      refresh();
      void navigate({
        to: '.',
        search: (previous) => ({
          ...previous,
          from: next.from === DEFAULT_RANGE.from ? undefined : next.from,
          to: next.to === DEFAULT_RANGE.to ? undefined : next.to,
        }),
      });
    };
    return {
      ...resolveRange(range, nowMs),
      range,
      refreshMs,
      nowMs,
      refresh,
      setRange(next) {
        beforeZoom.current = undefined;
        apply(next);
      },
      zoom(startMs, endMs) {
        beforeZoom.current ??= range;
        apply(absoluteRange(startMs, endMs));
      },
      resetZoom() {
        if (beforeZoom.current === undefined) return;
        apply(beforeZoom.current);
        beforeZoom.current = undefined;
      },
    };
  }, [from, to, nowMs, refreshMs, refresh, navigate]);

  return <Context value={value}>{children}</Context>;
}

export function useTimeWindow(): TimeWindow {
  const value = use(Context);
  if (value === undefined) throw new Error('useTimeWindow needs a TimeWindowProvider above it');
  return value;
}

/** The current second, for ages; components that show one re-render once a second. */
export function useNow(): number {
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}
