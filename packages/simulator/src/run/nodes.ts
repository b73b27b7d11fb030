import type { FaultRecord } from '../break/faults.ts';
import { nodeKey } from '../plan/truth.ts';
import type { Operation, Party, Service, Store, System, Topic } from '../plan/system.ts';
import { hostCount, makeInstance, type Instance } from './instances.ts';
import { Noise } from './noise.ts';

interface Node {
  /** See `nodeKey`. */
  readonly key: string;
  readonly name: string;
  readonly noise: Noise;
  /** Faults that target it, present or to come. */
  faults: FaultRecord[];
  /** Keys of the nodes it is cut off from, with the fault. */
  readonly cuts: Map<string, FaultRecord[]>;
}

export interface ServiceNode extends Node {
  readonly service: Service;
  readonly instances: readonly Instance[];
  /** Copies at a bad version that stand in for the first ones, while there is such a fault. */
  replaced: readonly Instance[];
  readonly operations: ReadonlyMap<string, Operation>;
}

interface StoreNode extends Node {
  readonly store: Store;
}

interface PartyNode extends Node {
  readonly party: Party;
}

/** A message that waits for its consumer. */
export interface Message {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string;
  readonly sentUs: number;
  readonly weight: number;
  readonly request: RequestIdentity;
}

/** Who asks, and for what; goes with a request through all services as baggage does. */
export interface RequestIdentity {
  readonly user: string;
  readonly customer: string;
  readonly feature: string;
  readonly words: readonly [number, number, number];
}

export interface ConsumerGroup {
  readonly node: ServiceNode;
  readonly operation: Operation;
  readonly delayMs: number;
  readonly batch: number;
  /** Messages of a batch that is not full yet. */
  gathered: Message[];
  /** What came while the consumer was down. */
  held: Message[];
  /** When its copies, working side by side, will have done what they have. */
  freeUs: number;
}

export interface TopicNode extends Node {
  readonly topic: Topic;
  readonly groups: readonly ConsumerGroup[];
}

export interface Nodes {
  readonly services: ReadonlyMap<string, ServiceNode>;
  readonly stores: ReadonlyMap<string, StoreNode>;
  readonly parties: ReadonlyMap<string, PartyNode>;
  readonly topics: ReadonlyMap<string, TopicNode>;
  readonly hosts: number;
}

const LATENCY_NOISE = 0.12;

export function makeNodes(system: System, seed: number): Nodes {
  const hosts = hostCount(system.services);
  const base = (list: Parameters<typeof nodeKey>[0], name: string) => {
    const key = nodeKey(list, name);
    return { key, name, noise: new Noise(seed, key, LATENCY_NOISE), faults: [], cuts: new Map() };
  };
  const services = new Map<string, ServiceNode>();
  for (const service of system.services) {
    services.set(service.name, {
      ...base('services', service.name),
      service,
      instances: Array.from({ length: service.instances }, (_, index) => makeInstance(service, index, service.version, hosts, seed)),
      replaced: [],
      operations: new Map(service.operations.map((operation) => [operation.name, operation])),
    });
  }
  return {
    services,
    hosts,
    stores: new Map(system.stores.map((store) => [store.name, { ...base('stores', store.name), store }])),
    parties: new Map(system.parties.map((party) => [party.name, { ...base('parties', party.name), party }])),
    topics: new Map(system.topics.map((topic) => [topic.name, { ...base('topics', topic.name), topic, groups: consumersOf(services, topic.name) }])),
  };
}

function consumersOf(services: ReadonlyMap<string, ServiceNode>, topic: string): ConsumerGroup[] {
  const groups: ConsumerGroup[] = [];
  for (const node of services.values()) {
    for (const operation of node.service.operations) {
      const { trigger } = operation;
      if (trigger.kind !== 'message' || trigger.topic !== topic) continue;
      groups.push({ node, operation, delayMs: trigger.delayMs, batch: trigger.batch ?? 1, gathered: [], held: [], freeUs: 0 });
    }
  }
  return groups;
}

export function* allNodes(nodes: Nodes): Generator<Node> {
  yield* nodes.services.values();
  yield* nodes.stores.values();
  yield* nodes.parties.values();
  yield* nodes.topics.values();
}

export type { Node };
