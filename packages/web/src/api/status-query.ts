import { queryOptions } from '@tanstack/react-query';
import type { StatusAnswer } from '@pitot/core';
import { requestJson } from './request.ts';

const LIVE_MS = 5000;

export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => requestJson<StatusAnswer>('/api/v1/status', { signal }),
  refetchInterval: LIVE_MS,
});
