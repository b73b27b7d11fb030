import { DEFAULT_LIMITS, labelsFromObject, type Limits, type MetricReader } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { MemoryReader } from '../../../promql/src/memory-reader.ts';
import { createMetricQueries, type MetricQueriesOptions } from './metric-queries.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
const clock = { nowMs: () => NOW_MS };

function recordingMeter() {
  const counts = new Map<string, number>();
  return {
    counts,
    counter: (name: string) => ({
      inc: (by = 1, labels: Readonly<Record<string, string>> = {}) => {
        const key = [name, ...Object.values(labels)].join(' ');
        counts.set(key, (counts.get(key) ?? 0) + by);
      },
    }),
    gauge: () => ({ set() {} }),
    histogram: () => ({ observe() {} }),
    observe() {},
  };
}

function queriesOver(reader: MetricReader, limits: Partial<Limits> = {}, meter = recordingMeter()) {
  return createMetricQueries({ reader: reader as MetricQueriesOptions['reader'], limits: { ...DEFAULT_LIMITS, ...limits }, clock, meter });
}

describe('limits of questions', () => {
  /** A reader that never answers, and does not heed the signal either. */
  const stuck = new Proxy(new MemoryReader(), { get: (target, name) => (name === 'select' || name === 'selectGrid' || name === 'series' ? () => new Promise(() => {}) : Reflect.get(target, name)) });

  it('ends a question at its own time limit, and one that waits for its turn too', async () => {
    const meter = recordingMeter();
    const queries = queriesOver(stuck, { query_concurrency: 1 }, meter);
    const running = queries.instant('up', NOW_MS, { timeoutMs: 30 });
    const waiting = queries.instant('up', NOW_MS, { timeoutMs: 10 });
    await expect(waiting).rejects.toMatchObject({ code: 'query_timeout', message: expect.stringContaining('in query queue') });
    await expect(running).rejects.toMatchObject({ code: 'query_timeout', message: expect.stringContaining('limits.query_timeout_seconds') });
    expect(meter.counts.get('pitot_queries_total instant query_timeout')).toBe(2);
  });

  it('never takes more time than the limit allows, whatever is asked for', async () => {
    const queries = queriesOver(stuck, { query_timeout_seconds: 0.02 });
    await expect(queries.series({ selectors: [], startMs: 0, endMs: NOW_MS }, { timeoutMs: 3_600_000 })).rejects.toMatchObject({ code: 'query_timeout' });
  });

  it('ends when the caller goes away, and frees the slot', async () => {
    const queries = queriesOver(stuck, { query_concurrency: 1 });
    const caller = new AbortController();
    const gone = queries.instant('up', NOW_MS, { signal: caller.signal });
    const next = queries.instant('1 + 1', NOW_MS);
    caller.abort();
    await expect(gone).rejects.toMatchObject({ code: 'canceled' });
    await expect(next).resolves.toMatchObject({ value: { type: 'scalar', value: 2 } });
  });

  it('refuses to read more samples or series than allowed', async () => {
    const reader = new MemoryReader();
    for (let i = 0; i < 20; i++) for (let s = 0; s < 5; s++) reader.appendFloat(['__name__', 'm', 's', String(s)], NOW_MS - i * 1000, i);
    await expect(queriesOver(reader, { query_max_samples: 50 }).instant('count_over_time(m[1m])', NOW_MS)).rejects.toMatchObject({ code: 'query_too_large' });
    await expect(queriesOver(reader, { query_max_series: 4 }).instant('m', NOW_MS)).rejects.toMatchObject({ code: 'query_too_large' });
    await expect(queriesOver(reader).instant('sum(m)', NOW_MS)).resolves.toMatchObject({ value: { type: 'vector', samples: [{ value: 0 }] } });
  });
});

describe('hosts', () => {
  const HOST = { job: 'pitot/host', instance: 'web-1', host_name: 'web-1' };
  const reader = new MemoryReader();
  const put = (name: string, labels: Record<string, string>, value: number, agoMs = 1000) =>
    reader.appendFloat(labelsFromObject({ __name__: name, ...HOST, ...labels }), NOW_MS - agoMs, value);
  put('system_cpu_logical_count', {}, 4);
  for (const [mode, share] of [['user', 0.2], ['idle', 0.7], ['iowait', 0.05], ['system', 0.05]] as const) put('system_cpu_utilization_ratio', { cpu_mode: mode }, share);
  put('system_cpu_load_average_1m', {}, 1.5);
  put('system_memory_usage_bytes', { system_memory_state: 'used' }, 3e9);
  put('system_memory_usage_bytes', { system_memory_state: 'free' }, 1e9);
  put('system_memory_limit_bytes', {}, 8e9);
  for (const [mount, share, used, size] of [['/', 0.4, 40, 100], ['/data', 0.9, 900, 1000]] as const) {
    const labels = { system_filesystem_mountpoint: mount, system_device: mount, system_filesystem_mode: 'rw', system_filesystem_type: 'ext4' };
    put('system_filesystem_utilization_ratio', labels, share);
    put('system_filesystem_usage_bytes', { ...labels, system_filesystem_state: 'used' }, used);
    put('system_filesystem_usage_bytes', { ...labels, system_filesystem_state: 'free' }, size - used);
    put('system_filesystem_limit_bytes', labels, size);
  }
  for (let i = 6; i > 0; i--) {
    put('system_network_io_bytes_total', { network_interface_name: 'eth0', network_io_direction: 'receive' }, (6 - i) * 1000, i * 10_000);
    put('system_network_io_bytes_total', { network_interface_name: 'eth0', network_io_direction: 'transmit' }, (6 - i) * 500, i * 10_000);
  }
  for (const resource of ['cpu', 'memory', 'io']) put('system_linux_pressure_ratio', { system_pressure_resource: resource, system_pressure_stall_type: 'some' }, 0.01);
  put('system_uptime_seconds', {}, 86_400);
  put('process_cpu_utilization_ratio', { process_pid: '10', process_executable_name: 'node' }, 0.5);
  put('process_cpu_utilization_ratio', { process_pid: '11', process_executable_name: 'postgres' }, 1.25);
  put('process_memory_usage_bytes', { process_pid: '10', process_executable_name: 'node' }, 2e8);
  put('target_info', { os_type: 'linux', os_description: 'Debian GNU/Linux 12' }, 1);
  reader.appendFloat(labelsFromObject({ __name__: 'system_cpu_logical_count', job: 'pitot/host', host_name: 'gone' }), NOW_MS - 7_200_000, 2);

  it('are put together from the metrics of the host collector', async () => {
    const [gone, web] = await queriesOver(reader).hosts();
    expect(web).toEqual({
      host_name: 'web-1',
      last_seen: '2026-03-01T11:59:59.000Z',
      os: 'Debian GNU/Linux 12',
      cpu_count: 4,
      cpu_usage_percent: expect.closeTo(25, 9),
      load_1m: 1.5,
      memory_used_bytes: 3e9,
      memory_total_bytes: 8e9,
      disk_used_bytes: 900,
      disk_total_bytes: 1000,
      disk_mount: '/data',
      network_receive_bytes_per_second: expect.closeTo(100, 0),
      network_transmit_bytes_per_second: expect.closeTo(50, 0),
      pressure_cpu_percent: 1,
      pressure_memory_percent: 1,
      pressure_io_percent: 1,
      uptime_seconds: 86_400,
      processes: [
        { pid: 11, name: 'postgres', cpu_percent: 125, memory_bytes: 0 },
        { pid: 10, name: 'node', cpu_percent: 50, memory_bytes: 2e8 },
      ],
    });
    expect(gone).toMatchObject({ host_name: 'gone', os: '', cpu_count: null, disk_mount: null, processes: [] });
    expect(NOW_MS - Date.parse(gone!.last_seen)).toBeGreaterThanOrEqual(7_200_000);
    expect(NOW_MS - Date.parse(gone!.last_seen)).toBeLessThan(7_200_000 + 600_000);
  });
});
