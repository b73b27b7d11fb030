import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HOST_METADATA, openHostFiles, type HostFiles } from '@pitot/agent/host';
import { describe, expect, it } from 'vitest';
import { describeCollectorConformance } from '../conformance.ts';
import { MemorySink, testContext } from '../fixtures/memory-sink.ts';
import { hostCollector, startHost } from './collector.ts';

describeCollectorConformance({
  collector: hostCollector,
  prepare: async () => ({ config: { intervalMs: 20 }, close: async () => {} }),
});

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../../../agent/src/host/fixtures', name), 'utf8');

/** A machine made of fixtures; `extra` adds and replaces files. */
function fixtureFiles(extra: Readonly<Record<string, string | undefined>> = {}): HostFiles & { files: Record<string, string | undefined>; processes: string[] } {
  const files: Record<string, string | undefined> = {
    '/proc/stat': fixture('proc-stat.txt'),
    '/proc/meminfo': fixture('proc-meminfo.txt'),
    '/proc/diskstats': fixture('proc-diskstats.txt'),
    '/proc/net/dev': fixture('proc-net-dev.txt'),
    '/proc/vmstat': fixture('proc-vmstat.txt'),
    '/proc/swaps': fixture('proc-swaps.txt'),
    '/proc/loadavg': '0.04 0.55 0.53 2/103 14303\n',
    '/proc/uptime': '5000.00 4446.59\n',
    '/proc/pressure/cpu': fixture('proc-pressure-cpu.txt'),
    '/proc/self/mountinfo': fixture('proc-mountinfo.txt'),
    '/etc/os-release': fixture('os-release.txt'),
    '/proc/4242/stat': fixture('proc-pid-stat.txt'),
    ...extra,
  };
  const processes = ['4242'];
  return {
    files,
    processes,
    readFile: (path) => files[path],
    processIds: () => processes,
    readLink: () => undefined,
    capacity: async () => ({ size: 1000, free: 400, available: 300 }),
    close() {},
  };
}

async function twoRounds(files: HostFiles, between: () => void = () => {}): Promise<MemorySink> {
  const sink = new MemorySink();
  const running = startHost(testContext(sink), { intervalMs: 10, hostName: 'tester' }, files, 'linux');
  await sink.until(() => sink.commits === 1);
  between();
  await sink.until(() => sink.commits === 2);
  const samples = [...sink.samples];
  await running.stop();
  sink.samples.length = 0;
  sink.samples.push(...samples);
  return sink;
}

describe('host metrics from fixtures', () => {
  it('labels every series with job, instance and host name', async () => {
    const sink = await twoRounds(fixtureFiles());
    expect(sink.samples.length).toBeGreaterThan(100);
    for (const { labels } of sink.samples) expect(labels).toMatchObject({ job: 'pitot/host', instance: 'tester', host_name: 'tester' });
  });

  it('gives CPU shares between two readings that add up to one', async () => {
    const files = fixtureFiles();
    const sink = await twoRounds(files, () => {
      files.files['/proc/stat'] = 'cpu0 12425 3 4301 252766 79 1 87 29 0 0\ncpu1 25965 4 50938 192193 355 2 126 29 0 0\n';
    });
    const shares = sink.of('system_cpu_utilization_ratio').map(({ labels, value }) => [labels['cpu_mode'], value]);
    expect(shares).toEqual([['user', 0.25], ['nice', 0], ['system', 0], ['idle', 0.75], ['iowait', 0], ['interrupt', 0], ['steal', 0]]);
  });

  it('lists a process with its CPU of one core, and ends it with stale markers when it is gone', async () => {
    const files = fixtureFiles();
    const sink = await twoRounds(files, () => {
      files.files['/proc/uptime'] = '5010.00 4446.59\n';
      files.files['/proc/4242/stat'] = fixture('proc-pid-stat.txt').replace(' 250 50 ', ' 750 50 ');
    });
    const busy = sink.last('process_cpu_utilization_ratio');
    expect(busy).toMatchObject({ value: 0.5, labels: { process_pid: '4242', process_executable_name: 'my (odd) prog' } });
    const gone = await twoRounds(files, () => void files.processes.pop());
    expect(gone.last('process_memory_usage_bytes')).toMatchObject({ stale: true, labels: { process_pid: '4242' } });
    expect(gone.last('system_uptime_seconds')).toMatchObject({ stale: false });
  });

  it("reports a container's own memory limit where it is below the machine's", async () => {
    const sink = await twoRounds(
      fixtureFiles({
        '/sys/fs/cgroup/memory.max': '1073741824\n',
        '/sys/fs/cgroup/memory.current': '209715200\n',
        '/sys/fs/cgroup/memory.stat': fixture('cgroup-memory-stat.txt'),
      }),
    );
    expect(sink.last('system_memory_limit_bytes')?.value).toBe(1_073_741_824);
    const used = sink.of('system_memory_usage_bytes').find(({ labels }) => labels['system_memory_state'] === 'used');
    expect(used?.value).toBe(209_715_200 - 52_428_800 - 1_048_576);
  });

  it('goes on without what it may not read', async () => {
    const sink = await twoRounds({ ...fixtureFiles(), readFile: (path) => (path === '/proc/loadavg' ? '1 2 3' : path === '/proc/stat' ? fixture('proc-stat.txt') : undefined) });
    expect(new Set(sink.samples.map(({ name }) => name))).toContain('system_cpu_load_average_1m');
    expect(sink.of('system_memory_limit_bytes')).toEqual([]);
  });

  it('reads what Node offers on other systems', async () => {
    const sink = new MemorySink();
    const running = startHost(testContext(sink), { intervalMs: 10 }, openHostFiles(), 'darwin');
    await sink.until(() => sink.commits === 2);
    await running.stop();
    const names = sink.samples.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['system_cpu_time_seconds_total', 'system_memory_limit_bytes', 'system_filesystem_limit_bytes', 'target_info']));
  });

  it('describes every metric it writes, in its metadata and in METRICS.md', async () => {
    const sink = await twoRounds(fixtureFiles());
    const described = new Set(HOST_METADATA.map(({ metric }) => metric));
    const document = readFileSync(join(import.meta.dirname, '../../../../agent/src/host/METRICS.md'), 'utf8').replaceAll('`_', '`system_cpu_load_average_');
    for (const { name } of sink.samples) expect(described).toContain(name);
    for (const name of described) expect(document).toContain(`\`${name}\``);
    expect(sink.metadata).toHaveLength(HOST_METADATA.length);
  });
});
