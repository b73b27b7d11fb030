import { Checkbox, Modal, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { ApiKey } from '@pitot/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { keysQuery } from '../../api/queries.ts';
import { statusQuery } from '../../api/status-query.ts';
import { requestJson } from '../../api/request.ts';
import { countOf, sayInstant } from '../../time/phrase.ts';
import { Age } from '../../ui/age.tsx';
import { CopyLine } from '../../ui/copy-line.tsx';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Empty, Failure, messageOf, SkeletonRows } from '../../ui/states.tsx';

const SCOPES = [
  { value: 'ingest', label: 'Ingest: send metrics' },
  { value: 'read', label: 'Read: query and look at everything' },
  { value: 'admin', label: 'Admin: make and delete keys' },
] as const;
type ScopeName = (typeof SCOPES)[number]['value'];

export function KeysPage() {
  const keys = useQuery(keysQuery);
  const { data: status } = useQuery(statusQuery);
  const [creating, setCreating] = useState(false);
  const [revoking, setRevoking] = useState<ApiKey | undefined>(undefined);
  const list = keys.data?.keys;
  const createButton = (
    <button type="button" className="tool primary" onClick={() => setCreating(true)}>
      <IconPlus size={15} stroke={2} aria-hidden /> Create a key
    </button>
  );
  return (
    <div className="page">
      <h1 className="visually-hidden">API keys</h1>
      {list !== undefined && list.length > 0 ? (
        <DataTable
          label="API keys"
          note={countOf(list.length, 'key')}
          rows={list}
          columns={columnsOf(setRevoking)}
          rowKey={(row) => row.id}
          initialSort={{ column: 'created', descending: true }}
          heightPx={520}
          tools={createButton}
        />
      ) : (
        <Panel title="API keys" actions={list === undefined ? undefined : createButton} flush>
          {keys.error !== null ? (
            <Failure what="API keys" error={keys.error} onRetry={() => void keys.refetch()} />
          ) : list === undefined ? (
            <SkeletonRows rows={4} />
          ) : (
            <Empty title="There is no API key">
              Keys let programs send and read without a person's login.
              {status?.auth === 'loopback' && ' This server listens on this machine only and asks for none; they matter once it listens on a network.'}
            </Empty>
          )}
        </Panel>
      )}
      <CreateKey opened={creating} onClose={() => setCreating(false)} />
      <RevokeKey apiKey={revoking} onClose={() => setRevoking(undefined)} />
    </div>
  );
}

function columnsOf(onRevoke: (key: ApiKey) => void): Column<ApiKey>[] {
  return [
    { key: 'name', title: 'Name', value: (row) => row.name, tooltip: (row) => row.name },
    { key: 'prefix', title: 'Starts with', value: (row) => row.prefix, cell: (row) => <code>{row.prefix}…</code> },
    { key: 'scopes', title: 'May', value: (row) => row.scopes.join(', ') },
    { key: 'created', title: 'Created', value: (row) => Date.parse(row.created), cell: (row) => <Age of={Date.parse(row.created)} />, tooltip: (row) => sayInstant(Date.parse(row.created)) },
    {
      key: 'used',
      title: 'Last used',
      value: (row) => (row.last_used === null ? null : Date.parse(row.last_used)),
      cell: (row) => (row.last_used === null ? <span className="dim">never</span> : <Age of={Date.parse(row.last_used)} />),
    },
    {
      key: 'revoke',
      title: 'Action',
      align: 'right',
      value: () => null,
      cell: (row) => (
        <button type="button" className="tool plain" onClick={() => onRevoke(row)} aria-label={`Delete the key ${row.name}`}>
          <IconTrash size={15} stroke={1.75} aria-hidden /> Delete
        </button>
      ),
    },
  ];
}

interface DialogProps {
  readonly opened: boolean;
  readonly onClose: () => void;
}

function CreateKey({ opened, onClose }: DialogProps) {
  const queryClient = useQueryClient();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<readonly ScopeName[]>(['ingest']);
  const create = useMutation({
    mutationFn: () => requestJson<{ key: string }>('/api/v1/keys', { method: 'POST', body: { name: name.trim(), scopes } }),
    onSuccess: () => queryClient.invalidateQueries({ queryKey: keysQuery.queryKey }),
  });
  const close = (): void => {
    onClose();
    create.reset();
    setName('');
  };
  const problem = name.trim() === '' ? 'Name what will use it.' : scopes.length === 0 ? 'Choose at least one thing it may do.' : undefined;
  return (
    <Modal opened={opened} onClose={close} title="Create an API key" closeButtonProps={{ 'aria-label': 'Close' }}>
      {create.data === undefined ? (
        <form
          style={{ display: 'grid', gap: 14 }}
          onSubmit={(event) => {
            event.preventDefault();
            if (problem === undefined) create.mutate();
          }}
        >
          <TextInput label="Name" placeholder="e.g. collector on web-1" value={name} maxLength={100} onChange={(event) => setName(event.currentTarget.value)} data-autofocus />
          <Checkbox.Group label="What it may do" value={[...scopes]} onChange={(next) => setScopes(next as ScopeName[])}>
            <div style={{ display: 'grid', gap: 8, marginTop: 6 }}>
              {SCOPES.map((scope) => (
                <Checkbox key={scope.value} value={scope.value} label={scope.label} size="sm" />
              ))}
            </div>
          </Checkbox.Group>
          {create.error !== null && (
            <span className="bad" role="alert">
              The key was not created: {messageOf(create.error)}
            </span>
          )}
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <span className="dim grow">{problem}</span>
            <button type="submit" className="tool primary" disabled={problem !== undefined || create.isPending}>
              Create the key
            </button>
          </div>
        </form>
      ) : (
        <div style={{ display: 'grid', gap: 12 }}>
          <span>This is the only time the key is shown; only a hash of it is kept.</span>
          <CopyLine text={create.data.key} label="Copy the key" />
          <button type="button" className="tool primary" style={{ justifySelf: 'end' }} onClick={close}>
            I have copied it
          </button>
        </div>
      )}
    </Modal>
  );
}

function RevokeKey({ apiKey, onClose }: { readonly apiKey: ApiKey | undefined; readonly onClose: () => void }) {
  const queryClient = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => requestJson(`/api/v1/keys/${encodeURIComponent(id)}`, { method: 'DELETE' }),
    onSuccess: () => {
      onClose();
      return queryClient.invalidateQueries({ queryKey: keysQuery.queryKey });
    },
  });
  return (
    <Modal opened={apiKey !== undefined} onClose={onClose} title={`Delete the key “${apiKey?.name ?? ''}”?`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div style={{ display: 'grid', gap: 14 }}>
        <span>
          Whatever uses it is refused from now on.{' '}
          {apiKey?.last_used === null ? (
            'It was never used.'
          ) : (
            <>
              It was last used <Age of={Date.parse(apiKey?.last_used ?? '1970-01-01')} />.
            </>
          )}
        </span>
        {revoke.error !== null && <span className="bad">The key was not deleted: {messageOf(revoke.error)}</span>}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <button type="button" className="tool" onClick={onClose} data-autofocus>
            Keep it
          </button>
          <button type="button" className="tool danger" disabled={revoke.isPending} onClick={() => apiKey && revoke.mutate(apiKey.id)}>
            Delete the key
          </button>
        </div>
      </div>
    </Modal>
  );
}
