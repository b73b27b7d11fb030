import type { LogRecord } from '@pitot/core';
import { LogsLink } from '../../ui/links.tsx';
import { ToneIcon, type Tone } from '../../ui/tone.tsx';
import { sayUs } from './trace-verdict.ts';

interface SpanLogsProps {
  readonly logs: readonly LogRecord[];
  /** Of the span in all; more than `logs` where there are many. */
  readonly total: number;
  readonly query: string;
  /** Of the span, RFC 3339. */
  readonly start: string;
}

const TONES: Readonly<Record<LogRecord['severity'], Tone>> = { trace: 'none', debug: 'none', info: 'info', warn: 'warn', error: 'bad', fatal: 'bad', unset: 'none' };

/** What was logged while the span ran, each line with its distance from the span's start. */
export function SpanLogs({ logs, total, query, start }: SpanLogsProps) {
  const startMs = Date.parse(start);
  if (logs.length === 0) return <p className="dim">Its logs are not in reach any more.</p>;
  return (
    <>
      <ol className="span-logs" aria-label="Logs of this span">
        {logs.map((log) => {
          const afterMs = Date.parse(log.timestamp) - startMs;
          return (
            <li key={log.id} data-tone={TONES[log.severity]}>
              <span className="severity">
                {TONES[log.severity] !== 'none' && <ToneIcon tone={TONES[log.severity]} size={13} />}
                {log.severity}
              </span>
              <span className="dim num">{afterMs < 0 ? '−' : '+'}{afterMs === 0 ? '0' : sayUs(Math.abs(afterMs) * 1000)}</span>
              <span className="body">{log.body || log.event_name}</span>
            </li>
          );
        })}
      </ol>
      <LogsLink query={query}>{total > logs.length ? `All ${total.toLocaleString('en-US')} in Logs` : 'Open in Logs'}</LogsLink>
    </>
  );
}
