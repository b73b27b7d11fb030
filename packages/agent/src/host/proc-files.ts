/** Pure parsers of the files under /proc that describe the whole machine. Each answers what it understands and skips the rest. */

/** USER_HZ: what /proc counts CPU time in, on every architecture Node runs on. */
export const TICKS_PER_SECOND = 100;
const SECTOR_BYTES = 512;

export const CPU_MODES = ['user', 'nice', 'system', 'idle', 'iowait', 'interrupt', 'steal'] as const;

export interface CpuTimes {
  /** One row per logical CPU: its number and its seconds in the order of CPU_MODES. */
  readonly cpus: readonly { readonly number: string; readonly seconds: readonly number[] }[];
  readonly processesCreated: number | undefined;
}

/** /proc/stat. Guest time is part of user time already; hard and soft interrupts are added up. */
export function parseCpuTimes(text: string): CpuTimes {
  const cpus: { number: string; seconds: number[] }[] = [];
  let processesCreated: number | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('processes ')) processesCreated = Number(line.slice(10));
    if (!line.startsWith('cpu') || line.startsWith('cpu ')) continue;
    const [name = '', ...fields] = line.split(' ');
    const ticks = (i: number) => Number(fields[i] ?? 0);
    const modes = [ticks(0), ticks(1), ticks(2), ticks(3), ticks(4), ticks(5) + ticks(6), ticks(7)];
    cpus.push({ number: name.slice(3), seconds: modes.map((mode) => mode / TICKS_PER_SECOND) });
  }
  return { cpus, processesCreated };
}

/** `Name:  12 kB` lines (/proc/meminfo) as bytes. */
export function parseMemoryInfo(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) values.set(line.slice(0, colon), Number.parseInt(line.slice(colon + 1), 10) * (line.endsWith(' kB') ? 1024 : 1));
  }
  return values;
}

/** `name 12` lines: /proc/vmstat, a cgroup's memory.stat. */
export function parseCounters(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) values.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return values;
}

export interface DiskCounters {
  readonly device: string;
  readonly reads: number;
  readonly readBytes: number;
  readonly readSeconds: number;
  readonly writes: number;
  readonly writtenBytes: number;
  readonly writeSeconds: number;
  readonly busySeconds: number;
}

const STACKED_OR_VIRTUAL_DISK = /^(?:loop|ram|zram|dm-|md|sr|fd)\d/;

/**
 * /proc/diskstats, whole disks that have done something: partitions and devices stacked on others would count twice.
 * Source: Linux Documentation/admin-guide/iostats.rst.
 */
export function parseDiskCounters(text: string): DiskCounters[] {
  const rows = text.split('\n').map((line) => line.trim().split(/\s+/));
  const names = new Set(rows.map((row) => row[2] ?? ''));
  const disks: DiskCounters[] = [];
  for (const row of rows) {
    const device = row[2] ?? '';
    const of = (i: number) => Number(row[i]);
    if (row.length < 14 || STACKED_OR_VIRTUAL_DISK.test(device) || isPartition(device, names) || of(3) + of(7) === 0) continue;
    disks.push({
      device,
      reads: of(3),
      readBytes: of(5) * SECTOR_BYTES,
      readSeconds: of(6) / 1000,
      writes: of(7),
      writtenBytes: of(9) * SECTOR_BYTES,
      writeSeconds: of(10) / 1000,
      busySeconds: of(12) / 1000,
    });
  }
  return disks;
}

/** `sda1` of `sda`, `nvme0n1p1` of `nvme0n1`. */
function isPartition(device: string, devices: ReadonlySet<string>): boolean {
  const match = /^(.*?)(p?)\d+$/.exec(device);
  if (match === null) return false;
  const disk = match[1]!;
  return disk !== device && devices.has(disk) && (match[2] === 'p' || !/\d$/.test(disk));
}

export interface NetworkCounters {
  readonly name: string;
  /** bytes, packets, errors, dropped. */
  readonly receive: readonly number[];
  readonly transmit: readonly number[];
}

const VIRTUAL_INTERFACE = /^(?:lo$|veth|docker|br-|virbr|cni|cali|flannel|lxc|ifb|dummy)/;

/** /proc/net/dev, interfaces that moved something; bridges and their ends would count a byte twice. */
export function parseNetworkCounters(text: string): NetworkCounters[] {
  const interfaces: NetworkCounters[] = [];
  for (const line of text.split('\n')) {
    const colon = line.lastIndexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon).trim();
    const of = line.slice(colon + 1).trim().split(/\s+/).map(Number);
    if (of.length < 16 || VIRTUAL_INTERFACE.test(name) || !(of[0]! + of[8]! > 0)) continue;
    interfaces.push({ name, receive: of.slice(0, 4), transmit: of.slice(8, 12) });
  }
  return interfaces;
}

/** One line of /proc/pressure/*: the ten second average as a share, and the total in seconds. Source: Linux Documentation/accounting/psi.rst. */
export interface Pressure {
  readonly stallType: string;
  readonly averageRatio: number;
  readonly totalSeconds: number;
}

export function parsePressure(text: string): Pressure[] {
  const lines: Pressure[] = [];
  for (const line of text.split('\n')) {
    const match = /^(some|full) avg10=([\d.]+) .*total=(\d+)/.exec(line);
    if (match) lines.push({ stallType: match[1]!, averageRatio: Number(match[2]) / 100, totalSeconds: Number(match[3]) / 1e6 });
  }
  return lines;
}

export interface SwapDevice {
  readonly device: string;
  readonly sizeBytes: number;
  readonly usedBytes: number;
}

/** /proc/swaps. */
export function parseSwaps(text: string): SwapDevice[] {
  const swaps: SwapDevice[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [device, , size, used] = line.split(/\s+/);
    if (device && size && used) swaps.push({ device: unescapeOctal(device), sizeBytes: Number(size) * 1024, usedBytes: Number(used) * 1024 });
  }
  return swaps;
}

export interface Mount {
  readonly mountPoint: string;
  readonly device: string;
  readonly type: string;
  readonly mode: 'rw' | 'ro';
}

const DISK_FILE_SYSTEM = /^(?:ext[234]|xfs|btrfs|zfs|f2fs|jfs|reiserfs|vfat|exfat|ntfs3?|fuseblk|bcachefs|nilfs2|ufs|hfsplus|apfs|9p|virtiofs|nfs4?|cifs|smb3|ceph|glusterfs)$/;

/** /proc/self/mountinfo: file systems that hold data, each device once, at its shortest mount point; the root whatever its type. */
export function parseMounts(text: string): Mount[] {
  const byDevice = new Map<string, Mount>();
  for (const line of text.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const fields = before.split(' ');
    const [type = '', source = '', superOptions = ''] = after.split(' ');
    const mountPoint = unescapeOctal(fields[4] ?? '');
    if (mountPoint === '' || !(DISK_FILE_SYSTEM.test(type) || mountPoint === '/')) continue;
    const key = fields[2] ?? '';
    const known = byDevice.get(key);
    if (known !== undefined && known.mountPoint.length <= mountPoint.length) continue;
    const readOnly = /^ro(?:,|$)/.test(fields[5] ?? '') || /^ro(?:,|$)/.test(superOptions);
    byDevice.set(key, { mountPoint, device: unescapeOctal(source), type, mode: readOnly ? 'ro' : 'rw' });
  }
  return [...byDevice.values()];
}

/** /proc writes spaces, tabs, line ends and backslashes in names as \040 and so on. */
function unescapeOctal(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

/** `KEY=value` and `KEY="value"` lines of /etc/os-release. */
export function parseOsRelease(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^([A-Z_]+)=(?:"(.*)"|'(.*)'|(.*))$/.exec(line);
    if (match) values.set(match[1]!, match[2] ?? match[3] ?? match[4] ?? '');
  }
  return values;
}
