import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { containerMemory, machineMemory } from './memory.ts';
import { parseCpuTimes, parseDiskCounters, parseMemoryInfo, parseMounts, parseNetworkCounters, parseOsRelease, parsePressure, parseSwaps } from './proc-files.ts';
import { parseProcessStat, ProcessRanking, type ProcessStat } from './processes.ts';

const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');

describe('files of /proc', () => {
  it('reads CPU seconds per mode, interrupts added up, without the total line', () => {
    const { cpus, processesCreated } = parseCpuTimes(fixture('proc-stat.txt'));
    expect(cpus.map(({ number }) => number)).toEqual(['0', '1']);
    expect(cpus[0]!.seconds).toEqual([123.25, 0.03, 43.01, 2524.66, 0.79, 0.88, 0.29]);
    expect(processesCreated).toBe(14304);
  });

  it('reads whole disks once: no partitions, no loop devices', () => {
    const disks = parseDiskCounters(fixture('proc-diskstats.txt'));
    expect(disks.map(({ device }) => device)).toEqual(['vda', 'sda', 'nvme0n1']);
    expect(disks[1]).toEqual({ device: 'sda', reads: 1000, readBytes: 40_960_000, readSeconds: 0.5, writes: 2000, writtenBytes: 81_920_000, writeSeconds: 0.9, busySeconds: 1.1 });
  });

  it('reads interfaces that moved something, not loopback', () => {
    expect(parseNetworkCounters(fixture('proc-net-dev.txt')).map(({ name }) => name)).toEqual(['eth0']);
    const [eth] = parseNetworkCounters('  eth0: 10 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0\n');
    expect(eth).toEqual({ name: 'eth0', receive: [10, 2, 3, 4], transmit: [50, 6, 7, 8] });
  });

  it('reads each data file system once, at its shortest mount point, unescaped', () => {
    expect(parseMounts(fixture('proc-mountinfo.txt'))).toEqual([
      { mountPoint: '/', device: '/dev/vda', type: 'ext4', mode: 'rw' },
      { mountPoint: '/mnt/my disk', device: '/dev/sda1', type: 'ext4', mode: 'rw' },
      { mountPoint: '/mnt/readonly', device: '/dev/sdb', type: 'xfs', mode: 'ro' },
    ]);
  });

  it('reads pressure, swaps and the name of the system', () => {
    expect(parsePressure(fixture('proc-pressure-cpu.txt'))).toEqual([
      { stallType: 'some', averageRatio: 0.0077, totalSeconds: 33.958178 },
      { stallType: 'full', averageRatio: 0, totalSeconds: 0.000007 },
    ]);
    expect(parseSwaps(fixture('proc-swaps.txt'))).toEqual([{ device: '/dev/dm-1', sizeBytes: 2_147_479_552, usedBytes: 536_870_912 }]);
    expect(parseOsRelease(fixture('os-release.txt')).get('ID')).toBe('debian');
  });

  it('skips what it does not understand', () => {
    for (const parse of [parseDiskCounters, parseNetworkCounters, parseMounts, parsePressure, parseSwaps]) expect(parse('nonsense\n\n- :\n')).toEqual([]);
    expect(parseCpuTimes('').cpus).toEqual([]);
    expect(parseProcessStat('')).toBeUndefined();
    expect(parseProcessStat('1 (cut')).toBeUndefined();
  });
});

describe('memory', () => {
  it('splits the machine into states that add up to the limit', () => {
    const memory = machineMemory(parseMemoryInfo(fixture('proc-meminfo.txt')))!;
    expect(memory.used + memory.free + memory.buffers + memory.cached).toBe(memory.limit);
    expect(memory.used).toBe(memory.limit - memory.available);
    const reserved = machineMemory(new Map([['MemTotal', 100], ['MemFree', 60], ['Buffers', 5], ['MemAvailable', 50]]))!;
    expect(reserved).toEqual({ limit: 100, available: 50, used: 50, free: 50, buffers: 0, cached: 0 });
  });

  it('knows no container where there is no limit', () => {
    expect(containerMemory('max\n', '1', '')).toBeUndefined();
    expect(containerMemory(undefined, undefined, undefined)).toBeUndefined();
    expect(containerMemory('100', '60', 'file 50\nshmem 20\n')).toEqual({ limit: 100, available: 70, used: 30, free: 40, buffers: 0, cached: 30 });
  });
});

describe('processes', () => {
  const stat = (pid: number, cpuSeconds: number, residentPages: number, startSeconds = 1): ProcessStat => ({ pid, command: `p${pid}`, cpuSeconds, startSeconds, residentPages });

  it('reads a process whose name has spaces and parentheses', () => {
    expect(parseProcessStat(fixture('proc-pid-stat.txt'))).toEqual({ pid: 4242, command: 'my (odd) prog', cpuSeconds: 3, startSeconds: 2698.7, residentPages: 381 });
  });

  it('lists the busiest and the largest, each once', () => {
    const ranking = new ProcessRanking();
    const all = Array.from({ length: 40 }, (_, i) => stat(i, 0, i));
    expect(ranking.rank(all, 100).map(({ stat: { pid } }) => pid)).toEqual([39, 38, 37, 36, 35, 34, 33, 32, 31, 30]);
    const later = all.map((one) => ({ ...one, cpuSeconds: one.pid < 12 ? 12 - one.pid : 0 }));
    const ranked = ranking.rank(later, 110);
    expect(ranked.slice(0, 3).map(({ stat: { pid }, cpuRatio }) => [pid, cpuRatio])).toEqual([[0, 1.2], [1, 1.1], [2, 1]]);
    expect(ranked).toHaveLength(20);
  });

  it('does not take a reused pid for the process before, and counts one that started since from nothing', () => {
    const ranking = new ProcessRanking();
    ranking.rank([stat(7, 500, 1)], 100);
    const [one] = ranking.rank([stat(7, 35, 1, 105)], 170);
    expect(one?.cpuRatio).toBe(0.5);
  });

  it('leaves out processes younger than a minute, which would each be a new series', () => {
    const ranking = new ProcessRanking();
    ranking.rank([], 100);
    expect(ranking.rank([stat(7, 5, 1, 105)], 164)).toEqual([]);
    expect(ranking.rank([stat(7, 6, 1, 105)], 165)).toHaveLength(1);
  });
});
