import type { StatusAnswer } from '@pitot/core';
import { useQuery } from '@tanstack/react-query';
import { statusQuery } from '../../api/status-query.ts';
import { countOf, sayDuration } from '../../time/phrase.ts';
import { useNow } from '../../time/time-window.tsx';
import { Age } from '../../ui/age.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Sentence, type Verdict } from '../../ui/sentence.tsx';
import { Failure, SkeletonRows } from '../../ui/states.tsx';
import { Badge, type Tone } from '../../ui/tone.tsx';
import { formatValue } from '../../units/format.ts';
import { limitKey, wordsOfLimit } from './limit-words.ts';

export function StatusPage() {
  const query = useQuery(statusQuery);
  const nowMs = useNow();
  const status = query.data;
  if (status === undefined) {
    return (
      <div className="page">
        <Panel title="Status" flush>
          {query.error === null ? <SkeletonRows rows={8} /> : <Failure what="The status" error={query.error} onRetry={() => void query.refetch()} />}
        </Panel>
      </div>
    );
  }
  return (
    <div className="page">
      <h1 className="visually-hidden">Status and limits</h1>
      <Sentence verdict={statusVerdict(status, nowMs)} asOfMs={query.dataUpdatedAt} />
      <div className="panels">
        <Panel title="Server">
          <dl className="pair-list">
            <dt>Version</dt>
            <dd>{status.version}</dd>
            <dt>Started</dt>
            <dd>
              <Age of={Date.parse(status.started)} />
            </dd>
            <dt>Login</dt>
            <dd>{status.auth === 'required' ? 'Required' : 'Not needed: only this machine can reach the server'}</dd>
            <dt>Data directory</dt>
            <dd className="mono">{status.data_directory}</dd>
            {status.listeners.map((listener) => (
              <ListenerPair key={listener.name} name={listener.name} url={listener.url} />
            ))}
          </dl>
        </Panel>
        <Panel title="Stores">
          <dl className="pair-list">
            <dt>ClickHouse</dt>
            <dd>
              {status.stores.clickhouse.version} <span className="dim">{kindWord(status.stores.clickhouse.kind)}</span>
            </dd>
            <dt>PostgreSQL</dt>
            <dd>
              {status.stores.postgres.version} <span className="dim">{kindWord(status.stores.postgres.kind)}</span>
            </dd>
            <dt>Writing</dt>
            <dd>
              <Badge tone={BREAKER[status.circuit_breaker].tone}>{BREAKER[status.circuit_breaker].word}</Badge>{' '}
              <span className="dim">circuit breaker {status.circuit_breaker}</span>
            </dd>
            <dt>Spool</dt>
            <dd>
              {formatValue(status.spool.size_bytes, 'bytes')} of {formatValue(status.spool.limit_bytes, 'bytes')},{' '}
              {formatValue(status.spool.records, 'count')} waiting
              {status.spool.records > 0 && `, the oldest ${sayDuration(status.spool.oldest_age_ms)}`}
            </dd>
            {status.spool.last_error !== '' && (
              <>
                <dt>Last error</dt>
                <dd className="mono">{status.spool.last_error}</dd>
              </>
            )}
            <dt>Active series</dt>
            <dd>{formatValue(status.active_series, 'count')}</dd>
          </dl>
        </Panel>
      </div>
      <DataTable
        label="Limits"
        note="raise one by setting its key in the configuration file"
        rows={Object.entries(status.limits)}
        columns={LIMIT_COLUMNS}
        rowKey={([key]) => key}
        initialSort={{ column: 'key', descending: false }}
        filterLabel="Filter limits"
        heightPx={640}
      />
    </div>
  );
}

const BREAKER: Readonly<Record<StatusAnswer['circuit_breaker'], { readonly tone: Tone; readonly word: string }>> = {
  CLOSED: { tone: 'ok', word: 'As data comes' },
  HALF_OPEN: { tone: 'warn', word: 'Trying again' },
  OPEN: { tone: 'bad', word: 'Paused' },
};
const kindWord = (kind: 'embedded' | 'server'): string => (kind === 'embedded' ? 'inside this process' : 'server');

function ListenerPair({ name, url }: { readonly name: string; readonly url: string }) {
  return (
    <>
      <dt>Listens: {name}</dt>
      <dd className="mono">{url}</dd>
    </>
  );
}

function statusVerdict(status: StatusAnswer, nowMs: number): Verdict {
  if (status.circuit_breaker !== 'CLOSED') {
    const tone = status.circuit_breaker === 'OPEN' ? 'bad' : 'warn';
    return { tone, text: `The store does not take data (circuit breaker ${status.circuit_breaker}); ${formatValue(status.spool.size_bytes, 'bytes')} wait on disk and are written when it answers.` };
  }
  const upMs = nowMs - Date.parse(status.started);
  return { tone: 'ok', text: `Pitot ${status.version} has run for ${sayDuration(upMs)}; both stores answer and ${status.spool.records === 0 ? 'nothing waits to be stored' : `${countOf(status.spool.records, 'batch', 'batches')} ${status.spool.records === 1 ? 'is' : 'are'} on the way to the store`}.` };
}

type LimitEntry = [string, number];

const LIMIT_COLUMNS: readonly Column<LimitEntry>[] = [
  { key: 'meaning', title: 'Limit', value: ([key]) => wordsOfLimit(key).meaning, cell: ([key]) => <span className="wraps">{wordsOfLimit(key).meaning}</span> },
  { key: 'value', title: 'Value', align: 'right', value: ([, value]) => value, cell: ([key, value]) => formatValue(value, wordsOfLimit(key).unit), tooltip: ([, value]) => value.toLocaleString('en-US') },
  { key: 'key', title: 'Configuration key', value: ([key]) => limitKey(key), cell: ([key]) => <code>{limitKey(key)}</code> },
];
