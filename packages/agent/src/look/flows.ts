import { networkInterfaces } from 'node:os';
import type { HostFiles, SampleWriter } from '../host/host.ts';
import type { ProcessFacts } from './processes.ts';
import { parseSockets, type SocketRow } from './socket-tables.ts';

/** Flows of one round; more are counted as left out. A flow is a process, a direction and a peer: ephemeral ports are folded away. */
const MOST_FLOWS = 1000;
/** Entries of /proc/<pid>/fd that one round may look at. */
const MOST_DESCRIPTORS = 20_000;
const SOCKET_LINK = /^socket:\[(\d+)\]$/;

const NOBODY: ProcessFacts = { pid: '', name: '', containerId: '', cgroup: '', serviceName: '' };

/** Directory listing that may be refused. */
export type ListDirectory = (path: string) => readonly string[] | undefined;

/**
 * Who speaks to whom, from the kernel's socket tables: one table per network namespace, and the owner of a socket from the descriptors
 * of the processes we may look into. The sockets of other processes are listed too, only without their name.
 */
export class FlowReader {
  readonly #files: HostFiles;
  readonly #list: ListDirectory;
  /** Owner of each socket seen before; sockets nobody readable owns map to NOBODY, so that they are not looked for again. */
  #owners = new Map<string, ProcessFacts>();

  constructor(files: HostFiles, list: ListDirectory) {
    this.#files = files;
    this.#list = list;
  }

  add(writer: SampleWriter, processes: readonly ProcessFacts[]): void {
    const tables = this.#tables(processes);
    const unreadable = this.#findOwners(tables.flatMap(({ rows }) => rows), processes);
    writer.add('pitot_agent_unreadable_processes', unreadable);
    const flows = new Map<string, { count: number; readonly labels: readonly string[] }>();
    for (const { rows, containerId } of tables) this.#fold(rows, containerId, flows);
    let written = 0;
    for (const { count, labels } of flows.values()) {
      if (written++ < MOST_FLOWS) writer.add(labels[1] === 'listen' ? 'network_listen_sockets' : 'network_flow_connections', count, ...labels.slice(2));
    }
    writer.add('pitot_agent_flows_left_out', Math.max(0, flows.size - MOST_FLOWS));
    for (const [name, addresses] of Object.entries(networkInterfaces())) {
      for (const { address, internal } of addresses ?? []) if (!internal) writer.add('host_network_address_info', 1, 'network_interface_name', name, 'address', address);
    }
  }

  /** Our own namespace's table, and one per container: its processes share one. */
  #tables(processes: readonly ProcessFacts[]): { readonly rows: SocketRow[]; readonly containerId: string }[] {
    const read = (path: string): SocketRow[] => ['tcp', 'tcp6'].flatMap((name) => parseSockets(this.#files.readFile(`${path}/${name}`) ?? ''));
    const own = read('/proc/self/net');
    const inodes = new Set(own.map(({ inode }) => inode));
    const tables = [{ rows: own, containerId: '' }];
    const seen = new Set<string>();
    for (const { pid, containerId } of processes) {
      if (containerId === '' || seen.has(containerId)) continue;
      seen.add(containerId);
      // A container with the host's network lists the host's sockets again.
      const rows = read(`/proc/${pid}/net`).filter(({ inode }) => !inodes.has(inode));
      for (const { inode } of rows) inodes.add(inode);
      tables.push({ rows, containerId });
    }
    return tables;
  }

  /** Answers how many processes could not be looked into. */
  #findOwners(rows: readonly SocketRow[], processes: readonly ProcessFacts[]): number {
    const present = new Map<string, ProcessFacts>();
    const wanted = new Set<string>();
    for (const { inode } of rows) {
      const known = this.#owners.get(inode);
      if (known === undefined) wanted.add(inode);
      else present.set(inode, known);
    }
    let unreadable = 0;
    let looked = 0;
    for (const process of processes) {
      const descriptors = this.#list(`/proc/${process.pid}/fd`);
      if (descriptors === undefined) unreadable++;
      if (descriptors === undefined || wanted.size === 0) continue;
      for (const descriptor of descriptors) {
        if (++looked > MOST_DESCRIPTORS) break;
        const link = this.#files.readLink(`/proc/${process.pid}/fd/${descriptor}`);
        const inode = link === undefined ? undefined : SOCKET_LINK.exec(link)?.[1];
        if (inode !== undefined && wanted.delete(inode)) present.set(inode, process);
      }
    }
    for (const inode of wanted) present.set(inode, NOBODY);
    this.#owners = present;
    return unreadable;
  }

  #fold(rows: readonly SocketRow[], tableContainer: string, flows: Map<string, { count: number; readonly labels: readonly string[] }>): void {
    const listening = new Map<number, ProcessFacts>();
    for (const row of rows) if (row.state === 'listening') listening.set(row.localPort, this.#owners.get(row.inode) ?? NOBODY);
    for (const row of rows) {
      const server = listening.get(row.localPort);
      const owner = this.#owners.get(row.inode) ?? NOBODY;
      const who = (process: ProcessFacts): string[] => [
        ...(process.name === '' ? [] : ['process_executable_name', process.name]),
        ...(process.containerId || tableContainer ? ['container_id', process.containerId || tableContainer] : []),
        ...(process.serviceName === '' ? [] : ['service_name', process.serviceName]),
        'network_transport',
        'tcp',
      ];
      const labels =
        row.state === 'listening'
          ? ['', 'listen', ...who(owner), 'local_address', row.localAddress, 'local_port', String(row.localPort)]
          : server === undefined
            ? ['', 'out', ...who(owner), 'direction', 'out', 'peer_address', row.peerAddress, 'peer_port', String(row.peerPort)]
            : ['', 'in', ...who(owner === NOBODY ? server : owner), 'direction', 'in', 'peer_address', row.peerAddress, 'local_port', String(row.localPort)];
      const key = labels.join('\0');
      const flow = flows.get(key);
      if (flow === undefined) flows.set(key, { count: 1, labels });
      else flow.count++;
    }
  }
}
