import { parseSample, type QueryAnswer } from '../../api/prometheus.ts';
import { DataTable, type Column } from '../../ui/data-table.tsx';
import { Badge } from '../../ui/tone.tsx';

export interface Target {
  readonly job: string;
  readonly instance: string;
  readonly up: boolean;
}

/** Scrape targets out of an instant answer to `up`. */
export function targetsOf(answer: QueryAnswer | undefined): Target[] {
  if (answer?.data.resultType !== 'vector') return [];
  return answer.data.result.map(({ metric, value }) => ({
    job: metric['job'] ?? '',
    instance: metric['instance'] ?? '',
    up: value !== undefined && parseSample(value[1]) !== 0,
  }));
}

export const downTargetsOf = (targets: readonly Target[]): string[] =>
  targets.filter((target) => !target.up).map((target) => [target.job, target.instance].filter(Boolean).join(' '));

const COLUMNS: readonly Column<Target>[] = [
  { key: 'state', title: 'State', value: (row) => (row.up ? 1 : 0), cell: (row) => (row.up ? <Badge tone="ok">Up</Badge> : <Badge tone="bad">Down</Badge>) },
  { key: 'job', title: 'Job', value: (row) => row.job },
  { key: 'instance', title: 'Instance', value: (row) => row.instance, cell: (row) => <span className="mono">{row.instance}</span> },
];

export function TargetsPanel({ targets }: { readonly targets: readonly Target[] }) {
  const down = targets.filter((target) => !target.up).length;
  return (
    <DataTable
      label="Scrape targets"
      note={`${down} of ${targets.length} down`}
      rows={targets}
      columns={COLUMNS}
      rowKey={(row) => `${row.job} ${row.instance}`}
      initialSort={{ column: 'state', descending: false }}
      heightPx={230}
    />
  );
}
