import { IconRefresh } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { RequestFailure } from '../api/request.ts';
import { CopyLine } from './copy-line.tsx';
import { ToneIcon } from './tone.tsx';
import { Age } from './age.tsx';

/** A placeholder of the real shape; appears only after 150 ms, so that fast answers do not flicker. */
export function Skeleton({ height, width = '100%' }: { readonly height: number; readonly width?: number | string }) {
  return <div className="skeleton" style={{ height, width }} aria-hidden />;
}

export function SkeletonRows({ rows }: { readonly rows: number }) {
  return (
    <div style={{ display: 'grid', gap: 12, padding: '12px 14px' }} role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} height={16} width={`${92 - ((i * 13) % 30)}%`} />
      ))}
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** The one command that fills it. */
  readonly command?: string;
}

export function Empty({ title, children, command }: EmptyProps) {
  return (
    <div className="state">
      <strong>{title}</strong>
      {children}
      {command !== undefined && <CopyLine text={command} />}
    </div>
  );
}

interface FailureProps {
  /** What could not be shown, as the subject of a sentence: "Hosts". */
  readonly what: string;
  readonly error: Error;
  readonly sinceMs?: number | undefined;
  /** What is still true in spite of it. */
  readonly stillWorks?: string;
  readonly onRetry?: () => void;
}

export function Failure({ what, error, sinceMs, stillWorks, onRetry }: FailureProps) {
  return (
    <div className="state" role="alert" data-tone="bad">
      <span className="row">
        <span className="bad row">
          <ToneIcon tone="bad" />
          <b>Error</b>
        </span>
        <strong>{what} could not be loaded</strong>
        {sinceMs !== undefined && sinceMs > 0 && <Age of={sinceMs} prefix="since " />}
      </span>
      <span className="mono" style={{ overflowWrap: 'anywhere' }}>
        {messageOf(error)}
      </span>
      {stillWorks !== undefined && <span>{stillWorks}</span>}
      {onRetry && (
        <button type="button" className="tool" onClick={onRetry}>
          <IconRefresh size={15} stroke={1.75} aria-hidden /> Try again
        </button>
      )}
    </div>
  );
}

/** Over a chart that shows what was read before, because what is new could not be read. */
export function NotRefreshed({ error, onRetry }: { readonly error: Error; readonly onRetry: () => void }) {
  return (
    <div className="not-refreshed" role="alert">
      <ToneIcon tone="warn" size={14} />
      <span title={messageOf(error)}>Not refreshed: {messageOf(error)}</span>
      <button type="button" onClick={onRetry}>
        Try again
      </button>
    </div>
  );
}

/** The server's own words, with the status where there was one. */
export function messageOf(error: Error): string {
  if (error instanceof RequestFailure && error.status > 0) return `${error.message} (HTTP ${error.status})`;
  return error.message;
}
