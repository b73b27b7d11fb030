import { labelValue, METRIC_NAME, type Host, type Labels, type MetricReader, type ReadBudget } from '@pitot/core';
import type { QueryResult, VectorSample } from '@pitot/promql';

type Instant = (query: string, timeMs: number) => Promise<QueryResult>;
type Row = Omit<Host, 'processes' | 'host_name'>;

const DAY_MS = 86_400_000;
const MOST_PROCESSES = 10;

const filesystems = 'system_filesystem_utilization_ratio{system_filesystem_mode="rw"}';
const pressure = (resource: string) =>
  `100 * max by (host_name) (system_linux_pressure_ratio{system_pressure_resource="${resource}",system_pressure_stall_type="some"})`;
const traffic = (direction: string) => `sum by (host_name) (rate(system_network_io_bytes_total{network_io_direction="${direction}"}[1m]))`;

/** One number of a host each, under the field it fills. Names and queries: packages/agent/src/host/METRICS.md. */
const NUMBERS = {
  cpu_count: 'max by (host_name) (system_cpu_logical_count)',
  cpu_usage_percent: '100 * (1 - sum by (host_name) (system_cpu_utilization_ratio{cpu_mode=~"idle|iowait"}))',
  load_1m: 'max by (host_name) (system_cpu_load_average_1m)',
  memory_used_bytes: 'sum by (host_name) (system_memory_usage_bytes{system_memory_state="used"})',
  memory_total_bytes: 'max by (host_name) (system_memory_limit_bytes)',
  network_receive_bytes_per_second: traffic('receive'),
  network_transmit_bytes_per_second: traffic('transmit'),
  pressure_cpu_percent: pressure('cpu'),
  pressure_memory_percent: pressure('memory'),
  pressure_io_percent: pressure('io'),
  uptime_seconds: 'max by (host_name) (system_uptime_seconds)',
} as const satisfies Partial<Record<keyof Row, string>>;

const QUERIES = {
  /** Hosts that report now, with their last sign of life in seconds. */
  seenNow: 'max by (host_name) (timestamp(system_cpu_logical_count))',
  os: 'target_info{job="pitot/host"}',
  fullest: `topk by (host_name) (1, ${filesystems})`,
  filesystemUsed: 'system_filesystem_usage_bytes{system_filesystem_state="used"}',
  filesystemSize: 'system_filesystem_limit_bytes',
  processCpu: `100 * topk by (host_name) (${MOST_PROCESSES}, process_cpu_utilization_ratio{job="pitot/host"})`,
  processMemory: 'process_memory_usage_bytes{job="pitot/host"}',
} as const;

/** Last signs of life within the day; five minutes are near enough for a host that went silent. */
const SEEN_IN_DAY = 'max by (host_name) (max_over_time(timestamp(system_cpu_logical_count)[1d:5m]))';

/** The hosts that reported within a day, by name. Numbers are of now, and null where a host does not report them. */
export async function readHosts(instant: Instant, reader: MetricReader, nowMs: number, budget: ReadBudget): Promise<Host[]> {
  const ask = async (query: string) => vector(await instant(query, nowMs));
  const [numbers, found, names] = await Promise.all([askAll(NUMBERS, ask), askAll(QUERIES, ask), namesInDay(reader, nowMs, budget)]);
  // A day of samples is only read while some host is silent.
  const reporting = new Set(found.seenNow.map(({ labels }) => hostName(labels)));
  const seenInDay = names.every((name) => reporting.has(name)) ? [] : await ask(SEEN_IN_DAY);
  const disks = diskOfHost(found.fullest, found.filesystemUsed, found.filesystemSize);
  const processes = processesOfHost(found.processCpu, found.processMemory);
  const os = new Map(found.os.map(({ labels }) => [hostName(labels), osName(labels)]));
  const values = mapValues(numbers, (samples) => new Map(samples.map(({ labels, value }) => [hostName(labels), finite(value)])));
  return lastSigns([...found.seenNow, ...seenInDay])
    .map(({ name, seenMs }): Host => ({
      host_name: name,
      last_seen: new Date(seenMs).toISOString(),
      os: os.get(name) ?? '',
      ...mapValues(values, (byHost) => byHost.get(name) ?? null),
      ...(disks.get(name) ?? { disk_used_bytes: null, disk_total_bytes: null, disk_mount: null }),
      processes: processes.get(name) ?? [],
    }))
    .sort((a, b) => (a.host_name < b.host_name ? -1 : 1));
}

function namesInDay(reader: MetricReader, nowMs: number, budget: ReadBudget): Promise<string[]> {
  const selectors = [[{ name: METRIC_NAME, type: '=', value: 'system_cpu_logical_count' }]] as const;
  return reader.labelValues('host_name', { ...budget, selectors, minTimeMs: nowMs - DAY_MS, maxTimeMs: nowMs });
}

/** Values of `deployment_environment_name` seen in the last day. */
export function readEnvironments(reader: MetricReader, nowMs: number, budget: ReadBudget): Promise<string[]> {
  return reader.labelValues('deployment_environment_name', { ...budget, selectors: [], minTimeMs: nowMs - DAY_MS, maxTimeMs: nowMs });
}

async function askAll<Name extends string>(queries: Readonly<Record<Name, string>>, ask: (query: string) => Promise<readonly VectorSample[]>) {
  const names = Object.keys(queries) as Name[];
  const answers = await Promise.all(names.map((name) => ask(queries[name])));
  return Object.fromEntries(names.map((name, i) => [name, answers[i]])) as Record<Name, readonly VectorSample[]>;
}

function mapValues<Name extends string, From, To>(object: Readonly<Record<Name, From>>, map: (value: From) => To): Record<Name, To> {
  return Object.fromEntries(Object.entries<From>(object).map(([name, value]) => [name, map(value)])) as Record<Name, To>;
}

function lastSigns(seen: readonly VectorSample[]): { name: string; seenMs: number }[] {
  const latest = new Map<string, number>();
  for (const { labels, value = 0 } of seen) latest.set(hostName(labels), Math.max(latest.get(hostName(labels)) ?? 0, value * 1000));
  return [...latest].map(([name, seenMs]) => ({ name, seenMs })).filter(({ name }) => name !== '');
}

function diskOfHost(fullest: readonly VectorSample[], used: readonly VectorSample[], size: readonly VectorSample[]) {
  const place = (labels: Labels) => `${hostName(labels)}\u{0}${labelValue(labels, 'system_filesystem_mountpoint')}`;
  const usedAt = new Map(used.map(({ labels, value }) => [place(labels), finite(value)]));
  const sizeAt = new Map(size.map(({ labels, value }) => [place(labels), finite(value)]));
  return new Map(
    fullest.map(({ labels }) => [
      hostName(labels),
      {
        disk_used_bytes: usedAt.get(place(labels)) ?? null,
        disk_total_bytes: sizeAt.get(place(labels)) ?? null,
        disk_mount: labelValue(labels, 'system_filesystem_mountpoint'),
      },
    ]),
  );
}

function processesOfHost(cpu: readonly VectorSample[], memory: readonly VectorSample[]): Map<string, Host['processes']> {
  const place = (labels: Labels) => `${hostName(labels)}\u{0}${labelValue(labels, 'process_pid')}`;
  const memoryAt = new Map(memory.map(({ labels, value }) => [place(labels), value ?? 0]));
  const processes = new Map<string, Host['processes']>();
  for (const { labels, value = 0 } of cpu.toSorted((a, b) => (b.value ?? 0) - (a.value ?? 0))) {
    const name = hostName(labels);
    const list = processes.get(name) ?? [];
    processes.set(name, list);
    list.push({
      pid: Number(labelValue(labels, 'process_pid')),
      name: labelValue(labels, 'process_executable_name'),
      cpu_percent: value,
      memory_bytes: memoryAt.get(place(labels)) ?? 0,
    });
  }
  return processes;
}

function osName(labels: Labels): string {
  return labelValue(labels, 'os_description') || labelValue(labels, 'os_name') || labelValue(labels, 'os_type');
}

function hostName(labels: Labels): string {
  return labelValue(labels, 'host_name');
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}

function vector({ value }: QueryResult): readonly VectorSample[] {
  return value.type === 'vector' ? value.samples : [];
}
