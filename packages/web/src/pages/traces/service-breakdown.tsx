import type { TraceAnswer } from '@pitot/core';
import { useMemo } from 'react';
import { countOf } from '../../time/phrase.ts';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { ServiceLink } from '../../ui/links.tsx';
import { formatValue } from '../../units/format.ts';
import { ServiceDot } from './service-colour.tsx';
import { pathShares, sayUs } from './trace-verdict.ts';

interface Row {
  readonly service: string;
  readonly version: string;
  readonly spans: number;
  readonly errors: number;
  readonly selfUs: number;
  readonly share: number;
  readonly path: number;
}

const COLUMNS: readonly Column<Row>[] = [
  {
    key: 'service',
    title: 'Service',
    value: (row) => row.service,
    cell: (row) => (
      <>
        <ServiceDot service={row.service} />
        <ServiceLink service={row.service} />
      </>
    ),
  },
  { key: 'version', title: 'Version', value: (row) => row.version || null },
  { key: 'spans', title: 'Spans', align: 'right', value: (row) => row.spans },
  { key: 'errors', title: 'Failed', align: 'right', value: (row) => row.errors, cell: (row) => (row.errors > 0 ? <span className="bad">{row.errors}</span> : <span className="dim">0</span>) },
  {
    key: 'self',
    title: 'Own time',
    align: 'right',
    value: (row) => row.selfUs,
    tooltip: (row) => `${formatValue(row.share, 'ratio')} of the own time of all services`,
    cell: (row) => (
      <span className="duration-bar">
        <span className="track">
          <i style={{ width: `${row.share * 100}%` }} aria-hidden />
        </span>
        <span className="num">{sayUs(row.selfUs)}</span>
      </span>
    ),
  },
  { key: 'path', title: 'Of the critical path', align: 'right', value: (row) => row.path, cell: (row) => formatValue(Math.round(row.path * 1000) / 1000, 'ratio') },
];

/** Where the time of a trace went, by service. */
export function ServiceBreakdown({ trace }: { readonly trace: TraceAnswer }) {
  const rows = useMemo(() => rowsOf(trace), [trace]);
  return (
    <DataTable
      label="Services"
      note={`${countOf(rows.length, 'service')}; own time is what a service spent without waiting for spans beneath, added up where it ran side by side`}
      rows={rows}
      columns={COLUMNS}
      rowKey={(row) => row.service}
      initialSort={{ column: 'self', descending: true }}
      heightPx={560}
    />
  );
}

function rowsOf(trace: TraceAnswer): Row[] {
  const errors = new Map<string, number>();
  for (const { service, status } of trace.spans) if (status === 'error') errors.set(service, (errors.get(service) ?? 0) + 1);
  const path = new Map(pathShares(trace).map(({ name, share }) => [name, share]));
  const total = trace.services.reduce((sum, { self_us: selfUs }) => sum + selfUs, 0);
  return trace.services.map(({ service, version, spans, self_us: selfUs }) => ({
    service,
    version,
    spans,
    errors: errors.get(service) ?? 0,
    selfUs,
    share: total === 0 ? 0 : selfUs / total,
    path: path.get(service) ?? 0,
  }));
}
