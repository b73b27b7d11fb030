import type { Capacity } from './file-reader.ts';
import type { MemoryUse } from './memory.ts';
import { CPU_MODES, type CpuTimes, type Mount, type Pressure } from './proc-files.ts';

/** Takes the samples of one round. */
export interface SampleWriter {
  /** `pairs` are the labels as name, value, name, value. */
  add(name: string, value: number, ...pairs: readonly string[]): void;
}

/** A machine as one kind of operating system shows it. */
export interface HostReader {
  /** Reads everything once and adds it to the writer's round. Missing parts are left out. */
  read(writer: SampleWriter): Promise<void>;
}

/** Shares of CPU time between two readings of counters, over all CPUs. */
export class CpuUtilization {
  #before: readonly number[] | undefined;

  /** One share per mode; undefined at the first reading, and where the counters did not move. */
  share(totals: readonly number[]): readonly number[] | undefined {
    const before = this.#before;
    this.#before = totals;
    if (before === undefined) return undefined;
    // The kernel lets iowait and steal go back a little.
    const spent = totals.map((seconds, i) => Math.max(0, seconds - before[i]!));
    const sum = spent.reduce((a, b) => a + b, 0);
    return sum > 0 ? spent.map((seconds) => seconds / sum) : undefined;
  }
}

/** Adds CPU time per CPU and mode, utilization over all CPUs, and their count. */
export function addCpuTimes(writer: SampleWriter, cpus: CpuTimes['cpus'], utilization: CpuUtilization): void {
  if (cpus.length === 0) return;
  const totals: number[] = CPU_MODES.map(() => 0);
  for (const { number, seconds } of cpus) {
    CPU_MODES.forEach((mode, i) => {
      totals[i]! += seconds[i]!;
      writer.add('system_cpu_time_seconds_total', seconds[i]!, 'cpu_mode', mode, 'cpu_logical_number', number);
    });
  }
  const shares = utilization.share(totals);
  if (shares) CPU_MODES.forEach((mode, i) => writer.add('system_cpu_utilization_ratio', shares[i]!, 'cpu_mode', mode));
  writer.add('system_cpu_logical_count', cpus.length);
}

export function addMemory(writer: SampleWriter, memory: MemoryUse): void {
  writer.add('system_memory_limit_bytes', memory.limit);
  writer.add('system_memory_linux_available_bytes', memory.available);
  for (const state of ['used', 'free', 'buffers', 'cached'] as const) {
    writer.add('system_memory_usage_bytes', memory[state], 'system_memory_state', state);
    writer.add('system_memory_utilization_ratio', memory[state] / memory.limit, 'system_memory_state', state);
  }
}

export function addFileSystem(writer: SampleWriter, { mountPoint, device, type, mode }: Mount, capacity: Capacity): void {
  const labels = [
    'system_filesystem_mountpoint', mountPoint,
    'system_device', device,
    'system_filesystem_type', type,
    'system_filesystem_mode', mode,
  ];
  const { size, free, available } = capacity;
  const used = size - free;
  writer.add('system_filesystem_limit_bytes', size, ...labels);
  writer.add('system_filesystem_utilization_ratio', used + available > 0 ? used / (used + available) : 0, ...labels);
  const add = (state: string, bytes: number) => writer.add('system_filesystem_usage_bytes', bytes, ...labels, 'system_filesystem_state', state);
  add('used', used);
  add('free', available);
  add('reserved', free - available);
}

/** Shares of time between two readings of PSI totals. */
export class PressureRatio {
  readonly #before = new Map<string, readonly [totalSeconds: number, uptimeSeconds: number]>();

  /** The kernel's own ten second average serves at the first reading. */
  share(key: string, { totalSeconds, averageRatio }: Pressure, uptimeSeconds: number): number {
    const before = this.#before.get(key);
    this.#before.set(key, [totalSeconds, uptimeSeconds]);
    const elapsed = uptimeSeconds - (before?.[1] ?? Number.NaN);
    return elapsed > 0 ? Math.min(1, Math.max(0, (totalSeconds - before![0]) / elapsed)) : averageRatio;
  }
}

export function addPressure(writer: SampleWriter, resource: string, lines: readonly Pressure[], ratio: PressureRatio, uptimeSeconds: number): void {
  for (const line of lines) {
    const labels = ['system_pressure_resource', resource, 'system_pressure_stall_type', line.stallType];
    writer.add('system_linux_pressure_ratio', ratio.share(`${resource} ${line.stallType}`, line, uptimeSeconds), ...labels);
    writer.add('system_linux_pressure_time_seconds_total', line.totalSeconds, ...labels);
  }
}
