import type { LogRecord } from '@pitot/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { logContextQuery } from '../../api/log-queries.ts';
import { Failure, SkeletonRows } from '../../ui/states.tsx';
import { bodyOf, clockText, lineTime } from './line-text.ts';
import { SeverityMark } from './log-histogram.tsx';

const FIRST = 10;
const MOST = 320;

/** What the same instance logged before and after, oldest first, with the record in its place. */
export function RecordContext({ id, onOpen }: { readonly id: string; readonly onOpen: (id: string) => void }) {
  const [limit, setLimit] = useState(FIRST);
  const context = useQuery(logContextQuery(id, limit));
  const here = useRef<HTMLButtonElement>(null);
  const shownId = context.data?.record.id;
  useEffect(() => {
    if (shownId !== undefined) here.current?.scrollIntoView({ block: 'center' });
  }, [shownId]);
  if (context.data === undefined) {
    return context.error === null ? <SkeletonRows rows={8} /> : <Failure what="The lines around it" error={context.error} onRetry={() => void context.refetch()} />;
  }
  const { before, record, after } = context.data;
  const more = (side: readonly LogRecord[]) =>
    limit < MOST && side.length >= limit ? (
      <button type="button" className="facet-more" onClick={() => setLimit(limit * 2)}>
        Show more
      </button>
    ) : (
      <span className="dim">{side.length < limit ? 'Nothing more within a day.' : ''}</span>
    );
  return (
    <div className="log-context" role="list" aria-label="Lines around it">
      {more(before)}
      {[...before, record, ...after].map((line) => (
        <div role="listitem" key={line.id}>
          <button type="button" ref={line.id === record.id ? here : undefined} aria-current={line.id === record.id ? 'true' : undefined} title={line.body.slice(0, 2000)} onClick={() => onOpen(line.id)}>
            <time className="log-time" dateTime={line.timestamp}>
              {clockText(lineTime(line.timestamp), false)}
            </time>
            <SeverityMark severity={line.severity} />
            <span className="log-body">{bodyOf(line.body)}</span>
          </button>
        </div>
      ))}
      {more(after)}
    </div>
  );
}
