import type { HostFiles } from '../host/host.ts';

/** A process as far as it may be looked at. */
export interface ProcessFacts {
  readonly pid: string;
  readonly name: string;
  /** Twelve digits of the container's id; empty outside of containers. */
  readonly containerId: string;
  /** The cgroup below the root of the hierarchy. */
  readonly cgroup: string;
  /** OTEL_SERVICE_NAME of the process; empty where it has none or its environment is not ours to read. */
  readonly serviceName: string;
}

const CONTAINER_ID = /[/:-]([0-9a-f]{64})(?:\.scope)?(?:\/|$)/;
const SERVICE_NAME = /(?:^|\0)OTEL_SERVICE_NAME=([^\0]+)/;
const SERVICE_ATTRIBUTE = /(?:^|\0)OTEL_RESOURCE_ATTRIBUTES=(?:[^\0]*,)?service\.name=([^\0,]+)/;

interface Known {
  /** Ticks since boot: with the pid it identifies a process. */
  readonly start: string;
  readonly facts: ProcessFacts;
}

/** Processes by pid, read once for as long as they live. */
export class ProcessTable {
  readonly #files: HostFiles;
  #known = new Map<string, Known>();

  constructor(files: HostFiles) {
    this.#files = files;
  }

  /** Every process there is now. */
  read(): readonly ProcessFacts[] {
    const next = new Map<string, Known>();
    const all: ProcessFacts[] = [];
    for (const pid of this.#files.processIds()) {
      const stat = this.#files.readFile(`/proc/${pid}/stat`);
      if (stat === undefined) continue;
      const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      // Kernel threads have neither sockets nor a cgroup of interest; their parent is kthreadd or nobody.
      if (rest[1] === '2' || pid === '2') continue;
      const start = rest[19] ?? '';
      const before = this.#known.get(pid);
      const facts = before !== undefined && before.start === start ? before.facts : this.#look(pid, stat);
      next.set(pid, { start, facts });
      all.push(facts);
    }
    this.#known = next;
    return all;
  }

  #look(pid: string, stat: string): ProcessFacts {
    const files = this.#files;
    const link = files.readLink(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '').split('/').at(-1);
    const command = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const cgroup = cgroupOf(files.readFile(`/proc/${pid}/cgroup`) ?? '');
    const environment = files.readFile(`/proc/${pid}/environ`) ?? '';
    return {
      pid,
      name: link || command,
      cgroup,
      containerId: CONTAINER_ID.exec(cgroup)?.[1]?.slice(0, 12) ?? '',
      serviceName: SERVICE_NAME.exec(environment)?.[1] ?? SERVICE_ATTRIBUTE.exec(environment)?.[1] ?? '',
    };
  }
}

/** The path in cgroup v2 (`0::/…`), else that of the memory controller of v1. */
function cgroupOf(text: string): string {
  const lines = text.split('\n');
  const line = lines.find((candidate) => candidate.startsWith('0::/') && candidate.length > 4) ?? lines.find((candidate) => /^\d+:[^:]*memory/.test(candidate));
  return line === undefined ? '' : line.slice(line.indexOf(':', line.indexOf(':') + 1) + 1);
}
