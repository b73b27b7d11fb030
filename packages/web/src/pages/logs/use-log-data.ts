import type { LogRecord } from '@pitot/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { useEnvironment } from '../../api/environment.ts';
import { histogramQuery, logPatternsQuery, logsQuery, type LogQuestion } from '../../api/log-queries.ts';
import { useTimeWindow } from '../../time/time-window.tsx';
import { errorsOf } from './severity-look.ts';
import { within } from './query-terms.ts';

const MINUTE_MS = 60_000;
/** Of the lines found now, so many must have been found in the time before for a comparison. */
const LEAST_BEFORE = 0.1;
const NONE: readonly LogRecord[] = [];

/** The page's question over the header's range, which moves with every refresh. */
export function useLogQuestion(query: string): LogQuestion {
  const { startMs, endMs } = useTimeWindow();
  const { environment } = useEnvironment();
  return useMemo(() => ({ query, startMs, endMs, environment }), [query, startMs, endMs, environment]);
}

/** The lines of a question. They move on with the range only while `follow`, so that nobody loses the line they read. */
export function useLines(question: LogQuestion, follow: boolean) {
  const { range } = useTimeWindow();
  const subject = JSON.stringify([question.query, question.environment, range]);
  const [held, setHeld] = useState({ subject, question });
  if (held.subject !== subject || (follow && held.question !== question)) setHeld({ subject, question });
  const lines = useInfiniteQuery(logsQuery(held.question));
  const records = useMemo(() => lines.data?.pages.flatMap((page) => page.logs) ?? NONE, [lines.data]);
  return { lines, records, refresh: () => setHeld({ subject, question }) };
}

/** What the first line of the page is made from. */
export function useFound(question: LogQuestion, buckets: number) {
  const counts = useQuery(histogramQuery(question, buckets));
  const hasErrors = counts.data !== undefined && errorsOf(counts.data.totals) > 0;
  // To the minute, so that a refresh does not count the whole time before anew.
  const lengthMs = question.endMs - question.startMs;
  const startMs = Math.floor(question.startMs / MINUTE_MS) * MINUTE_MS;
  const before = useQuery({ ...histogramQuery({ ...question, startMs: startMs - lengthMs, endMs: startMs }, 1), enabled: hasErrors, staleTime: MINUTE_MS });
  const errors = { ...question, query: within(question.query, 'level>=error') };
  const patterns = useQuery({ ...logPatternsQuery(errors, 1), enabled: hasErrors });
  // Where hardly anything arrived before, there is nothing to compare with.
  const comparable = before.data !== undefined && before.data.total >= (counts.data?.total ?? 0) * LEAST_BEFORE;
  return { counts, before: comparable ? before.data.totals : undefined, topPattern: hasErrors ? patterns.data?.patterns[0] : undefined };
}
