import { cpus, freemem, loadavg, totalmem, uptime } from 'node:os';
import type { HostFiles } from './file-reader.ts';
import { addCpuTimes, addFileSystem, CpuUtilization } from './host-samples.ts';
import type { HostReader } from './host-samples.ts';

/** What Node itself knows of a machine that is not Linux: processors, memory, load, the root file system. */
export function createPortableHost(files: HostFiles): HostReader {
  const utilization = new CpuUtilization();
  return {
    async read(writer) {
      const times = cpus().map(({ times: { user, nice, sys, idle, irq } }, i) => ({
        number: String(i),
        seconds: [user, nice, sys, idle, 0, irq, 0].map((ms) => ms / 1000),
      }));
      addCpuTimes(writer, times, utilization);
      if (process.platform !== 'win32') {
        const [one = 0, five = 0, fifteen = 0] = loadavg();
        writer.add('system_cpu_load_average_1m', one);
        writer.add('system_cpu_load_average_5m', five);
        writer.add('system_cpu_load_average_15m', fifteen);
      }
      const limit = totalmem();
      const free = freemem();
      writer.add('system_memory_limit_bytes', limit);
      for (const [state, bytes] of [['used', limit - free], ['free', free]] as const) {
        writer.add('system_memory_usage_bytes', bytes, 'system_memory_state', state);
        writer.add('system_memory_utilization_ratio', bytes / limit, 'system_memory_state', state);
      }
      writer.add('system_uptime_seconds', uptime());
      const root = process.platform === 'win32' ? 'C:\\' : '/';
      const capacity = await files.capacity(root);
      if (capacity) addFileSystem(writer, { mountPoint: root, device: 'root', type: 'unknown', mode: 'rw' }, capacity);
    },
  };
}
