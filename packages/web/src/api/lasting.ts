import type { UseQueryResult } from '@tanstack/react-query';
import { useState } from 'react';

/**
 * What went wrong last, until an answer comes: a query without data forgets its error while it is asked again, which
 * would make the page flicker between the error and a skeleton.
 */
export function useLastingError(query: Pick<UseQueryResult, 'error' | 'isPending'>): Error | null {
  const [last, setLast] = useState<Error | null>(null);
  const error = query.error ?? (query.isPending ? last : null);
  if (error !== last) setLast(error);
  return error;
}

/** The last answers to the questions that `key` names, where newer ones failed; undefined where there never was one. */
export function useLastAnswers<T>(key: string, answers: readonly (T | undefined)[]): readonly (T | undefined)[] {
  const [kept, setKept] = useState({ key, answers });
  const next = kept.key === key ? answers.map((answer, i) => answer ?? kept.answers[i]) : answers;
  if (kept.key === key && next.length === kept.answers.length && next.every((answer, i) => answer === kept.answers[i])) return kept.answers;
  setKept({ key, answers: next });
  return next;
}
