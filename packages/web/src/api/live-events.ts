import type { SourcesAnswer } from '@pitot/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { sourcesQuery } from './queries.ts';
import { statusQuery } from './status-query.ts';

/** One stream of server-sent events for the whole application: who sends, and whether the server is well, as soon as it changes. */
export function useLiveEvents(): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const stream = new EventSource('/api/v1/events');
    let healthSeen = false;
    stream.addEventListener('sources', (event: MessageEvent<string>) => {
      queryClient.setQueryData(sourcesQuery.queryKey, JSON.parse(event.data) as SourcesAnswer);
    });
    stream.addEventListener('health', () => {
      if (healthSeen) void queryClient.invalidateQueries({ queryKey: statusQuery.queryKey });
      healthSeen = true;
    });
    return () => stream.close();
  }, [queryClient]);
}
