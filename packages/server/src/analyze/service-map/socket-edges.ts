import type { CallTarget, Evidence, ListenSocket, SocketFlow } from '../../query/topology/evidence.ts';
import { isOwnAddress } from './address.ts';
import { systemOfAddress, systemOfProcess } from './known-systems.ts';
import type { MapBuilder } from './map-builder.ts';
import { EVIDENCE_CONFIDENCE, nodeId } from './service-map.ts';

/** Peers that nobody is known under, of one process and port, shown one by one; more are one node. */
const MOST_UNKNOWN_PEERS = 5;
/** Ephemeral ports: the called side of a connection is not up there, unless somebody listens. */
const FIRST_EPHEMERAL_PORT = 32_768;

type Owner = Pick<SocketFlow, 'host' | 'process' | 'container' | 'service'>;

/** Adds what the hosts' sockets show: who is connected with whom, whoever they are. */
export function addSockets(builder: MapBuilder, evidence: Evidence): void {
  const listeners = new Listeners(evidence);
  const outgoing = evidence.flows.filter(({ direction }) => direction === 'out');
  const confirmed = new Set(evidence.flows.filter(({ direction }) => direction === 'in').map((flow) => `${plainAddress(flow.peerAddress)} ${flow.host} ${flow.localPort}`));
  const unknown = unknownPeers(builder, outgoing, listeners);
  for (const flow of outgoing) {
    const source = builder.node(ownerTarget(flow, 0), flow);
    const listener = listeners.find(flow.peerAddress, flow.peerPort, flow.host);
    const target = flowTarget(builder, flow, listener, listeners, source.id, unknown);
    if (target === undefined || target === source.id) continue;
    const known = builder.nodes.get(target)!;
    const edge = builder.edge(source.id, target, protocolOf(known.system, flow), known.type === 'queue' ? 'publish' : 'request', flow);
    const both = listener !== undefined && listeners.addressesOf(flow.host).some((address) => confirmed.has(`${address} ${listener.host} ${flow.peerPort}`));
    const detail = `${flow.process || 'a process'} on ${flow.host} to ${flow.peerAddress}:${flow.peerPort}${both ? ', seen on both hosts' : ''}`;
    builder.addEvidence(edge, { source: 'sockets', detail, confidence: EVIDENCE_CONFIDENCE.sockets, firstSeenMs: flow.firstSeenMs, lastSeenMs: flow.lastSeenMs });
  }
}

function flowTarget(builder: MapBuilder, flow: SocketFlow, listener: ListenSocket | undefined, listeners: Listeners, source: string, unknown: ReadonlySet<string>): string | undefined {
  const { peerPort: port } = flow;
  const host = plainAddress(flow.peerAddress);
  // A listener that says its service is the surest; then a name that others know it by; then what the caller calls on such a port.
  if (listener !== undefined && listener.service !== '') return builder.node(ownerTarget(listener, port), flow).id;
  // Spans tell a host's address as their service's; where somebody else is known to listen there, it is not that service.
  const isOthers = systemOfAddress('', port) !== undefined || (listener !== undefined && listener.process !== '' && listeners.isHostAddress(host));
  const byName = builder.findNode(host, port, source);
  const named = isOthers && byName?.startsWith('service:') ? undefined : byName;
  const system = (listener && systemOfProcess(listener.process, port)?.system) ?? systemOfAddress('', port)?.system ?? '';
  const found = named ?? builder.onlyCalledOf(source, system) ?? builder.onlyDeclaredAt(source, port);
  if (found !== undefined && builder.nodes.has(found)) return found;
  if (listener !== undefined) return builder.node(ownerTarget(listener, port), flow).id;
  if (isOwnAddress(host) || port >= FIRST_EPHEMERAL_PORT) return undefined;
  const type = systemOfAddress('', port);
  const name = unknown.has(peerGroup(flow)) ? `*:${port}` : `${host.includes(':') ? `[${host}]` : host}:${port}`;
  return builder.node({ type: type?.type ?? 'external', name, system: type?.system ?? '' }, flow).id;
}

function protocolOf(system: string, { peerPort, transport }: SocketFlow): string {
  return system || systemOfAddress('', peerPort)?.system || (peerPort === 80 || peerPort === 443 ? 'http' : transport || 'tcp');
}

/** A service by its name; else what its executable is known to be; else a process of its host. */
function ownerTarget({ host, process, container, service }: Owner, port: number): CallTarget {
  if (service !== '') return { type: 'service', name: service, system: '' };
  const known = port === 0 ? systemOfProcess(process, -1) : systemOfProcess(process, port);
  const name = process !== '' ? process : container !== '' ? `container ${container.slice(0, 12)}` : port === 0 ? 'unknown process' : `port ${port}`;
  return { type: known?.type ?? 'process', name: `${name}@${host}`, system: known?.system ?? '' };
}

/** Processes whose peers are too many to be shown one by one, such as those of a crawler. */
function unknownPeers(builder: MapBuilder, flows: readonly SocketFlow[], listeners: Listeners): Set<string> {
  const peers = new Map<string, Set<string>>();
  for (const flow of flows) {
    if (listeners.find(flow.peerAddress, flow.peerPort, flow.host) !== undefined || builder.names.find(plainAddress(flow.peerAddress), flow.peerPort) !== undefined) continue;
    const group = peers.get(peerGroup(flow)) ?? new Set();
    peers.set(peerGroup(flow), group);
    group.add(flow.peerAddress);
  }
  return new Set([...peers].filter(([, { size }]) => size > MOST_UNKNOWN_PEERS).map(([group]) => group));
}

function peerGroup(flow: SocketFlow): string {
  return `${nodeId(ownerTarget(flow, 0))} ${flow.peerPort}`;
}

/** Who listens where, over all hosts that tell. */
class Listeners {
  readonly #byPort = new Map<number, ListenSocket[]>();
  readonly #hosts = new Map<string, Set<string>>();
  readonly #addresses = new Map<string, string[]>();

  constructor({ listens, hostAddresses }: Evidence) {
    for (const listen of listens) this.#byPort.set(listen.localPort, [...(this.#byPort.get(listen.localPort) ?? []), listen]);
    for (const { host, address } of hostAddresses) {
      const plain = plainAddress(address);
      this.#hosts.set(plain, (this.#hosts.get(plain) ?? new Set()).add(host));
      this.#addresses.set(host, [...(this.#addresses.get(host) ?? []), plain]);
    }
  }

  isHostAddress(address: string): boolean {
    return this.#hosts.has(address);
  }

  addressesOf(host: string): readonly string[] {
    return this.#addresses.get(host) ?? [];
  }

  /**
   * Who listens at an address, as a process on `from` means it. An address that two hosts have (a bridge's, such as 172.17.0.1) means
   * the own one. One that no host has may be a container's on the same host: it is the listener in a container there, if only one has the port.
   */
  find(address: string, port: number, from: string): ListenSocket | undefined {
    const plain = plainAddress(address);
    const candidates = this.#byPort.get(port) ?? [];
    if (isOwnAddress(plain)) return best(candidates.filter(({ host }) => host === from));
    const hosts = this.#hosts.get(plain);
    const host = hosts === undefined ? undefined : hosts.has(from) ? from : hosts.size === 1 ? [...hosts][0] : undefined;
    if (host !== undefined) return best(candidates.filter((listen) => listen.host === host && accepts(listen, plain)));
    if (hosts !== undefined) return undefined;
    const exact = candidates.filter((listen) => plainAddress(listen.localAddress) === plain);
    if (exact.length > 0) return best(exact);
    const contained = candidates.filter((listen) => listen.host === from && listen.container !== '');
    return new Set(contained.map(({ container }) => container)).size === 1 ? best(contained) : undefined;
  }
}

function accepts({ localAddress }: ListenSocket, address: string): boolean {
  const local = plainAddress(localAddress);
  return local === '0.0.0.0' || local === '::' || local === address;
}

/** Several may share a port (workers of one server); who is known best speaks for them. */
function best(listens: readonly ListenSocket[]): ListenSocket | undefined {
  return listens.find(({ service }) => service !== '') ?? listens.find(({ process }) => process !== '') ?? listens[0];
}

/** An IPv4 address in IPv6 clothes is itself. */
function plainAddress(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
}
