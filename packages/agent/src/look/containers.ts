import type { HostFiles, SampleWriter } from '../host/host.ts';
import type { ProcessFacts } from './processes.ts';

const MICROSECONDS = 1e6;
const NANOSECONDS = 1e9;
/** cgroup v1 says "no limit" with a number near 2^63. */
const NO_LIMIT = 2 ** 62;
const POD_UID = /pod([0-9a-f]{8}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{4}[-_][0-9a-f]{12})/;

/** Adds what the cgroups of containers say of themselves: CPU time, memory, its limit, processes. */
export function addContainers(writer: SampleWriter, files: HostFiles, processes: readonly ProcessFacts[]): void {
  const containers = new Map<string, { cgroup: string; processes: number }>();
  for (const { containerId, cgroup } of processes) {
    if (containerId === '') continue;
    const known = containers.get(containerId);
    if (known === undefined) containers.set(containerId, { cgroup, processes: 1 });
    else known.processes++;
  }
  for (const [containerId, { cgroup, processes: count }] of containers) {
    const podUid = POD_UID.exec(cgroup)?.[1]?.replaceAll('_', '-');
    const labels = ['container_id', containerId, ...(podUid === undefined ? [] : ['k8s_pod_uid', podUid])];
    writer.add('container_process_count', count, ...labels);
    const cpuSeconds = cpuTime(files, cgroup);
    if (cpuSeconds !== undefined) writer.add('container_cpu_time_seconds_total', cpuSeconds, ...labels);
    const usedBytes = numberOf(files.readFile(`/sys/fs/cgroup${cgroup}/memory.current`) ?? files.readFile(`/sys/fs/cgroup/memory${cgroup}/memory.usage_in_bytes`));
    if (usedBytes !== undefined) writer.add('container_memory_usage_bytes', usedBytes, ...labels);
    const limitBytes = numberOf(files.readFile(`/sys/fs/cgroup${cgroup}/memory.max`) ?? files.readFile(`/sys/fs/cgroup/memory${cgroup}/memory.limit_in_bytes`));
    if (limitBytes !== undefined && limitBytes < NO_LIMIT) writer.add('container_memory_limit_bytes', limitBytes, ...labels);
  }
}

function cpuTime(files: HostFiles, cgroup: string): number | undefined {
  const stat = files.readFile(`/sys/fs/cgroup${cgroup}/cpu.stat`);
  const microseconds = numberOf(stat === undefined ? undefined : /^usage_usec (\d+)/m.exec(stat)?.[1]);
  if (microseconds !== undefined) return microseconds / MICROSECONDS;
  const nanoseconds = numberOf(files.readFile(`/sys/fs/cgroup/cpuacct${cgroup}/cpuacct.usage`));
  return nanoseconds === undefined ? undefined : nanoseconds / NANOSECONDS;
}

function numberOf(text: string | undefined): number | undefined {
  const trimmed = text?.trim();
  return trimmed !== undefined && /^\d+$/.test(trimmed) ? Number(trimmed) : undefined;
}
