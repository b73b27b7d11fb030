import { describe, expect, it } from 'vitest';
import type { HostFiles } from '../host/host.ts';
import { FlowReader } from './flows.ts';
import { ProcessTable, type ProcessFacts } from './processes.ts';

const HEAD = 'head';
const line = (local: string, peer: string, state: string, inode: number) => `0: ${local} ${peer} ${state} 0:0 0:0 0 1000 0 ${inode} 1 0 20 4 30 10 -1`;

function fakeFiles(texts: Readonly<Record<string, string>>, links: Readonly<Record<string, string>> = {}): HostFiles {
  const pids = [...new Set(Object.keys(texts).flatMap((path) => /^\/proc\/(\d+)\//.exec(path)?.[1] ?? []))];
  return { readFile: (path) => texts[path], processIds: () => pids, readLink: (path) => links[path], capacity: async () => undefined, close() {} };
}

function facts(pid: string, name: string, more: Partial<ProcessFacts> = {}): ProcessFacts {
  return { pid, name, containerId: '', cgroup: '', serviceName: '', ...more };
}

class Samples {
  readonly all: { name: string; value: number; labels: Record<string, string> }[] = [];
  add(name: string, value: number, ...pairs: readonly string[]): void {
    const labels: Record<string, string> = {};
    for (let i = 0; i < pairs.length; i += 2) labels[pairs[i]!] = pairs[i + 1]!;
    this.all.push({ name, value, labels });
  }
  of(name: string) {
    return this.all.filter((sample) => sample.name === name).map(({ value, labels }) => ({ value, ...labels }));
  }
}

describe('flows', () => {
  const table = [
    HEAD,
    line('0100007F:1F90', '00000000:0000', '0A', 1),
    line('0100007F:1F90', '0100007F:D431', '01', 2),
    line('0100007F:D431', '0100007F:1F90', '01', 3),
    line('0A00A8C0:D432', '0B00A8C0:1538', '01', 4),
    line('0A00A8C0:D433', '0B00A8C0:1538', '01', 5),
    line('0A00A8C0:D434', '0C00A8C0:01BB', '01', 6),
  ].join('\n');
  const links = {
    '/proc/10/fd/3': 'socket:[1]',
    '/proc/10/fd/4': 'socket:[2]',
    '/proc/10/fd/5': 'socket:[4]',
    '/proc/10/fd/6': 'socket:[5]',
    '/proc/20/fd/3': 'socket:[3]',
  };
  const fds: Record<string, string[] | undefined> = { '/proc/10/fd': ['3', '4', '5', '6'], '/proc/20/fd': ['3'] };
  const processes = [facts('10', 'node', { serviceName: 'cart' }), facts('20', 'curl'), facts('30', 'sshd')];

  it('folds connections into who speaks to whom, in which direction, without ephemeral ports', () => {
    const samples = new Samples();
    new FlowReader(fakeFiles({ '/proc/self/net/tcp': table }, links), (path) => fds[path]).add(samples, processes);
    expect(samples.of('network_listen_sockets')).toEqual([
      { value: 1, process_executable_name: 'node', service_name: 'cart', network_transport: 'tcp', local_address: '127.0.0.1', local_port: '8080' },
    ]);
    expect(samples.of('network_flow_connections')).toEqual([
      { value: 1, process_executable_name: 'node', service_name: 'cart', network_transport: 'tcp', direction: 'in', peer_address: '127.0.0.1', local_port: '8080' },
      { value: 1, process_executable_name: 'curl', network_transport: 'tcp', direction: 'out', peer_address: '127.0.0.1', peer_port: '8080' },
      { value: 2, process_executable_name: 'node', service_name: 'cart', network_transport: 'tcp', direction: 'out', peer_address: '192.168.0.11', peer_port: '5432' },
      { value: 1, network_transport: 'tcp', direction: 'out', peer_address: '192.168.0.12', peer_port: '443' },
    ]);
  });

  it('says how many processes it may not look into', () => {
    const samples = new Samples();
    new FlowReader(fakeFiles({ '/proc/self/net/tcp': table }, links), (path) => fds[path]).add(samples, processes);
    expect(samples.of('pitot_agent_unreadable_processes')).toEqual([{ value: 1 }]);
  });

  it('remembers owners, so that a steady round reads no descriptor', () => {
    let reads = 0;
    const files = fakeFiles({ '/proc/self/net/tcp': table }, links);
    const reader = new FlowReader({ ...files, readLink: (path) => (reads++, files.readLink(path)) }, (path) => fds[path]);
    reader.add(new Samples(), processes);
    expect(reads).toBe(5);
    reader.add(new Samples(), processes);
    expect(reads).toBe(5);
  });

  it('reads the table of each container once, and leaves out what a shared network lists again', () => {
    const container = [HEAD, line('0100007F:1F90', '00000000:0000', '0A', 1), line('0500A8C0:0050', '00000000:0000', '0A', 99)].join('\n');
    const files = fakeFiles({ '/proc/self/net/tcp': table, '/proc/40/net/tcp': container, '/proc/41/net/tcp': container }, links);
    const samples = new Samples();
    const pod = { containerId: 'abcdef012345' };
    new FlowReader(files, (path) => fds[path]).add(samples, [facts('40', 'java', pod), facts('41', 'java', pod)]);
    expect(samples.of('network_listen_sockets').filter((flow) => 'container_id' in flow)).toEqual([
      { value: 1, container_id: 'abcdef012345', network_transport: 'tcp', local_address: '192.168.0.5', local_port: '80' },
    ]);
  });

  it('keeps at most a thousand flows, and says what it left out', () => {
    const rows = Array.from({ length: 1500 }, (_, i) => line('0A00A8C0:D432', `0B00A8C0:${(1000 + i).toString(16).toUpperCase().padStart(4, '0')}`, '01', 100 + i));
    const samples = new Samples();
    new FlowReader(fakeFiles({ '/proc/self/net/tcp': [HEAD, ...rows].join('\n') }), () => undefined).add(samples, []);
    expect(samples.of('network_flow_connections')).toHaveLength(1000);
    expect(samples.of('pitot_agent_flows_left_out')).toEqual([{ value: 500 }]);
  });
});

describe('processes', () => {
  const id = 'c'.repeat(64);
  const stat = (pid: number, parent: number, start: number) => `${pid} (some (odd) name) S ${parent} 1 1 0 -1 0 0 0 0 0 5 5 0 0 20 0 1 0 ${start} 1000 100`;

  it('finds container, service and name; leaves out kernel threads', () => {
    const files = fakeFiles(
      {
        '/proc/7/stat': stat(7, 1, 100),
        '/proc/7/cgroup': `0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope\n`,
        '/proc/7/environ': 'PATH=/bin\0OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=prod,service.name=cart\0',
        '/proc/8/stat': stat(8, 2, 100),
      },
      { '/proc/7/exe': '/usr/bin/node (deleted)' },
    );
    expect(new ProcessTable(files).read()).toEqual([
      { pid: '7', name: 'node', cgroup: `/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`, containerId: 'cccccccccccc', serviceName: 'cart' },
    ]);
  });

  it('takes a process that has the pid of an earlier one for another', () => {
    const texts: Record<string, string> = { '/proc/7/stat': stat(7, 1, 100), '/proc/7/environ': 'OTEL_SERVICE_NAME=old\0' };
    const table = new ProcessTable(fakeFiles(texts));
    expect(table.read()[0]!.serviceName).toBe('old');
    texts['/proc/7/environ'] = 'OTEL_SERVICE_NAME=new\0';
    expect(table.read()[0]!.serviceName).toBe('old');
    texts['/proc/7/stat'] = stat(7, 1, 200);
    expect(table.read()[0]!.serviceName).toBe('new');
  });
});
