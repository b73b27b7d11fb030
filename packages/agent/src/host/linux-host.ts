import { waitAtMost } from '@pitot/core';
import type { HostFiles } from './file-reader.ts';
import { addCpuTimes, addFileSystem, addMemory, addPressure, CpuUtilization, PressureRatio, type HostReader, type SampleWriter } from './host-samples.ts';
import { containerMemory, machineMemory } from './memory.ts';
import {
  parseCounters,
  parseCpuTimes,
  parseDiskCounters,
  parseMemoryInfo,
  parseMounts,
  parseNetworkCounters,
  parsePressure,
  parseSwaps,
  type NetworkCounters,
} from './proc-files.ts';
import { parseProcessStat, ProcessRanking, type ProcessStat } from './processes.ts';

/** File systems that have not answered by then are left out of the round. */
const CAPACITY_WITHIN_MS = 500;
const DEFAULT_PAGE_BYTES = 4096;
const RESOURCES = ['cpu', 'memory', 'io'] as const;
/** Node names its main thread so, and Linux shows that as the command. */
const RUNTIME_THREAD_NAME = /^(?:MainThread|node-MainThread)$/;

/** Reads /proc, /sys and statfs. State between rounds: the readings before, for shares and rates. */
export function createLinuxHost(files: HostFiles): HostReader {
  const utilization = new CpuUtilization();
  const pressure = new PressureRatio();
  const ranking = new ProcessRanking();
  const pageBytes = measurePageBytes(files);
  let names = new Map<string, string>();
  const read = (path: string) => files.readFile(path, true);

  function addCpu(writer: SampleWriter): void {
    const stat = read('/proc/stat');
    if (stat === undefined) return;
    const { cpus, processesCreated } = parseCpuTimes(stat);
    addCpuTimes(writer, cpus, utilization);
    if (processesCreated !== undefined) writer.add('system_process_created_total', processesCreated);
    const load = read('/proc/loadavg')?.split(' ');
    if (load === undefined) return;
    writer.add('system_cpu_load_average_1m', Number(load[0]));
    writer.add('system_cpu_load_average_5m', Number(load[1]));
    writer.add('system_cpu_load_average_15m', Number(load[2]));
  }

  function addMemoryAndSwap(writer: SampleWriter): void {
    const info = read('/proc/meminfo');
    const machine = info === undefined ? undefined : machineMemory(parseMemoryInfo(info));
    const group = '/sys/fs/cgroup/memory';
    const max = files.readFile(`${group}.max`);
    const container = max === undefined ? undefined : containerMemory(max, read(`${group}.current`), read(`${group}.stat`));
    const limited = container !== undefined && container.limit < (machine?.limit ?? Number.POSITIVE_INFINITY);
    const memory = limited ? container : machine;
    if (memory !== undefined) addMemory(writer, memory);
    for (const { device, sizeBytes, usedBytes } of parseSwaps(read('/proc/swaps') ?? '')) {
      for (const [state, bytes] of [['used', usedBytes], ['free', sizeBytes - usedBytes]] as const) {
        writer.add('system_paging_usage_bytes', bytes, 'system_paging_state', state, 'system_device', device);
        writer.add('system_paging_utilization_ratio', bytes / sizeBytes, 'system_paging_state', state, 'system_device', device);
      }
    }
    addPaging(writer, parseCounters(read('/proc/vmstat') ?? ''));
  }

  function addDisks(writer: SampleWriter): void {
    for (const disk of parseDiskCounters(read('/proc/diskstats') ?? '')) {
      const add = (direction: string, bytes: number, operations: number, seconds: number) => {
        const labels = ['system_device', disk.device, 'disk_io_direction', direction];
        writer.add('system_disk_io_bytes_total', bytes, ...labels);
        writer.add('system_disk_operations_total', operations, ...labels);
        writer.add('system_disk_operation_time_seconds_total', seconds, ...labels);
      };
      add('read', disk.readBytes, disk.reads, disk.readSeconds);
      add('write', disk.writtenBytes, disk.writes, disk.writeSeconds);
      writer.add('system_disk_io_time_seconds_total', disk.busySeconds, 'system_device', disk.device);
    }
  }

  async function addFileSystems(writer: SampleWriter): Promise<void> {
    const mounts = parseMounts(files.readFile('/proc/self/mountinfo') ?? '');
    const answers = mounts.map(async (mount) => [mount, await files.capacity(mount.mountPoint)] as const);
    for (const [mount, capacity] of await settledWithin(answers, CAPACITY_WITHIN_MS)) {
      if (capacity !== undefined && capacity.size > 0) addFileSystem(writer, mount, capacity);
    }
  }

  function addProcesses(writer: SampleWriter, uptimeSeconds: number): void {
    const stats: ProcessStat[] = [];
    for (const pid of files.processIds()) {
      const text = files.readFile(`/proc/${pid}/stat`);
      const stat = text === undefined ? undefined : parseProcessStat(text);
      if (stat !== undefined) stats.push(stat);
    }
    writer.add('system_process_count', stats.length);
    const listed = new Map<string, string>();
    for (const { stat, cpuRatio } of ranking.rank(stats, uptimeSeconds)) {
      const key = `${stat.pid} ${stat.startSeconds}`;
      const name = names.get(key) ?? executableName(files, stat);
      listed.set(key, name);
      const labels = ['process_pid', String(stat.pid), 'process_executable_name', name];
      if (cpuRatio !== undefined) writer.add('process_cpu_utilization_ratio', cpuRatio, ...labels);
      writer.add('process_memory_usage_bytes', stat.residentPages * pageBytes, ...labels);
    }
    names = listed;
  }

  return {
    async read(writer) {
      addCpu(writer);
      addMemoryAndSwap(writer);
      addDisks(writer);
      for (const one of parseNetworkCounters(read('/proc/net/dev') ?? '')) addNetwork(writer, one);
      const uptimeSeconds = Number.parseFloat(read('/proc/uptime') ?? '');
      for (const resource of RESOURCES) {
        addPressure(writer, resource, parsePressure(read(`/proc/pressure/${resource}`) ?? ''), pressure, uptimeSeconds);
      }
      if (Number.isFinite(uptimeSeconds)) {
        writer.add('system_uptime_seconds', uptimeSeconds);
        addProcesses(writer, uptimeSeconds);
      }
      await addFileSystems(writer);
    },
  };
}

function addPaging(writer: SampleWriter, counters: ReadonlyMap<string, number>): void {
  const add = (metric: string, counter: number | undefined, label: string, value: string) => {
    if (counter !== undefined) writer.add(metric, counter, label, value);
  };
  const faults = counters.get('pgfault');
  const major = counters.get('pgmajfault');
  add('system_paging_faults_total', major, 'system_paging_fault_type', 'major');
  add('system_paging_faults_total', faults === undefined ? undefined : faults - (major ?? 0), 'system_paging_fault_type', 'minor');
  add('system_paging_operations_total', counters.get('pswpin'), 'system_paging_direction', 'in');
  add('system_paging_operations_total', counters.get('pswpout'), 'system_paging_direction', 'out');
}

const NETWORK_METRICS = [
  'system_network_io_bytes_total',
  'system_network_packet_count_total',
  'system_network_errors_total',
  'system_network_packet_dropped_total',
];

function addNetwork(writer: SampleWriter, { name, receive, transmit }: NetworkCounters): void {
  NETWORK_METRICS.forEach((metric, i) => {
    writer.add(metric, receive[i]!, 'network_interface_name', name, 'network_io_direction', 'receive');
    writer.add(metric, transmit[i]!, 'network_interface_name', name, 'network_io_direction', 'transmit');
  });
}

/** The executable's file name where we may look, else the command as the kernel has it (15 characters). */
function executableName(files: HostFiles, { pid, command }: ProcessStat): string {
  const link = files.readLink(`/proc/${pid}/exe`);
  const fromLink = link === undefined ? '' : (link.replace(/ \(deleted\)$/, '').split('/').at(-1) ?? '');
  if (fromLink !== '') return fromLink;
  return RUNTIME_THREAD_NAME.test(command) ? 'node' : command || String(pid);
}

/** The size of a page, which Node does not tell: our own resident size in bytes (status) over the same in pages (stat), a power of two. */
function measurePageBytes(files: HostFiles): number {
  const residentBytes = parseMemoryInfo(files.readFile('/proc/self/status') ?? '').get('VmRSS');
  const pages = parseProcessStat(files.readFile('/proc/self/stat') ?? '')?.residentPages;
  if (!residentBytes || !pages) return DEFAULT_PAGE_BYTES;
  return Math.max(DEFAULT_PAGE_BYTES, 2 ** Math.round(Math.log2(residentBytes / pages)));
}

async function settledWithin<T>(promises: readonly Promise<T>[], withinMs: number): Promise<T[]> {
  const settled: T[] = [];
  await waitAtMost(Promise.all(promises.map(async (promise) => settled.push(await promise))), withinMs);
  return settled;
}
