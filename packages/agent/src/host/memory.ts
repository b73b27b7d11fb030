import { parseCounters } from './proc-files.ts';

/** Bytes; the four states add up to the limit. */
export interface MemoryUse {
  readonly limit: number;
  readonly available: number;
  readonly used: number;
  readonly free: number;
  readonly buffers: number;
  readonly cached: number;
}

/** Used is what is not available, as the semantic conventions define it for Linux. */
export function machineMemory(info: ReadonlyMap<string, number>): MemoryUse | undefined {
  const limit = info.get('MemTotal');
  if (limit === undefined) return undefined;
  const memFree = info.get('MemFree') ?? 0;
  const memBuffers = info.get('Buffers') ?? 0;
  // Kernels before 3.14 do not say what is available.
  const available = info.get('MemAvailable') ?? memFree + memBuffers + (info.get('Cached') ?? 0);
  // A reserve of the kernel can make less available than is free.
  const free = Math.min(memFree, available);
  const buffers = Math.min(memBuffers, available - free);
  return { limit, available, used: limit - available, free, buffers, cached: available - free - buffers };
}

/**
 * A container's own memory, from the root of the cgroup v2 tree it sees (memory.max, memory.current, memory.stat). Undefined
 * where there is no limit: on a machine itself the root has no such files.
 */
export function containerMemory(max: string | undefined, current: string | undefined, stat: string | undefined): MemoryUse | undefined {
  const limit = Number(max ?? 'max');
  const taken = Number(current ?? 'none');
  if (!Number.isFinite(limit) || !Number.isFinite(taken) || limit <= 0) return undefined;
  const counters = parseCounters(stat ?? '');
  // File pages and reclaimable slab go first when the limit is reached; shared memory is file pages that cannot go.
  const reclaimable = (counters.get('file') ?? 0) - (counters.get('shmem') ?? 0) + (counters.get('slab_reclaimable') ?? 0);
  const cached = Math.max(0, Math.min(reclaimable, taken));
  const free = Math.max(0, limit - taken);
  const used = Math.max(0, limit - free - cached);
  return { limit, available: free + cached, used, free, buffers: 0, cached };
}
