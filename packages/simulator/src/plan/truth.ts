import type { FaultRecord } from '../break/faults.ts';
import { CALL_LINES } from '../tell/call-lines.ts';
import type { Level, Operation, Step, System } from './system.ts';

type TrueNodeType = 'service' | 'database' | 'cache' | 'queue' | 'external' | 'function';

export interface TrueNode {
  /** `<type>:<name>`. */
  readonly id: string;
  readonly type: TrueNodeType;
  readonly name: string;
  /** postgresql, kafka, …; empty for services. */
  readonly system: string;
  /** `server.address` in the spans of its callers; empty for services. */
  readonly address: string;
  /** `service.namespace` of a service, `db.namespace` of a database; otherwise empty. */
  readonly namespace: string;
}

export interface TrueEdge {
  readonly source: string;
  readonly target: string;
  readonly kind: 'request' | 'publish' | 'consume';
}

export interface TrueTemplate {
  /** `service.name` of the lines. */
  readonly service: string;
  readonly level: Level;
  /** With `{placeholders}`. */
  readonly text: string;
}

/** What is so, whatever telemetry shows. */
export interface Truth {
  readonly services: readonly TrueNode[];
  /** Stores, topics and third parties. */
  readonly others: readonly TrueNode[];
  readonly edges: readonly TrueEdge[];
  readonly templates: readonly TrueTemplate[];
  readonly faults: readonly FaultRecord[];
}

/** A service and a topic may share a name (`orders`), so a node is known by its list in the plan and its name. */
export type PlanList = 'services' | 'stores' | 'topics' | 'parties';
export const nodeKey = (list: PlanList, name: string): string => `${list}/${name}`;

/** The nodes a system has, by `nodeKey`. */
export function trueNodes(system: System): Map<string, TrueNode> {
  const nodes = new Map<string, TrueNode>();
  const add = (list: PlanList, type: TrueNodeType, name: string, rest: Pick<TrueNode, 'system' | 'address' | 'namespace'>) =>
    nodes.set(nodeKey(list, name), { id: `${type}:${name}`, type, name, ...rest });
  for (const { name, namespace, serverless } of system.services) add('services', serverless ? 'function' : 'service', name, { system: '', address: '', namespace });
  for (const store of system.stores) {
    add('stores', store.system === 'redis' ? 'cache' : 'database', store.name, { system: store.system, address: store.address, namespace: store.database });
  }
  for (const topic of system.topics) add('topics', 'queue', topic.name, { system: topic.system, address: topic.address, namespace: '' });
  for (const party of system.parties) add('parties', 'external', party.name, { system: 'http', address: party.address, namespace: '' });
  return nodes;
}

/** Every edge the plan can take, read off its steps; nothing that ran is looked at. */
export function trueEdges(system: System): TrueEdge[] {
  const nodes = trueNodes(system);
  const edges = new Map<string, TrueEdge>();
  const add = (from: string, to: string, kind: TrueEdge['kind']) => {
    const source = idOf(nodes, from);
    const target = idOf(nodes, to);
    edges.set(`${source}→${target}`, { source, target, kind });
  };
  for (const { name, operations } of system.services) {
    for (const { trigger, steps } of operations) {
      if (trigger.kind === 'message') add(nodeKey('topics', trigger.topic), nodeKey('services', name), 'consume');
      for (const [to, kind] of targets(steps)) add(nodeKey('services', name), to, kind);
    }
  }
  return [...edges.values()].sort((a, b) => compare(`${a.source} ${a.target}`, `${b.source} ${b.target}`));
}

function* targets(steps: readonly Step[]): Generator<[string, TrueEdge['kind']]> {
  for (const step of steps) {
    switch (step.kind) {
      case 'call':
        yield [nodeKey('services', step.service), 'request'];
        break;
      case 'query':
        yield [nodeKey('stores', step.store), 'request'];
        break;
      case 'external':
        yield [nodeKey('parties', step.party), 'request'];
        break;
      case 'publish':
        yield [nodeKey('topics', step.topic), 'publish'];
        break;
      case 'cached':
        yield [nodeKey('stores', step.store), 'request'];
        yield* targets(step.miss);
        break;
      case 'parallel':
        yield* targets(step.steps);
        break;
      case 'work':
        break;
    }
  }
}

/** Every line the system can say in good times. */
export function trueTemplates(system: System): TrueTemplate[] {
  const linesOf = (operation: Operation) => [
    ...operation.says.map(({ level, text }) => ({ level, text })),
    ...operation.failures.map(({ status, message }) => ({ level: status < 500 ? ('WARN' as const) : ('ERROR' as const), text: message })),
  ];
  return system.services.flatMap(({ name, operations, idle }) =>
    [...operations.flatMap(linesOf), ...idle, ...callLines(operations.flatMap(({ steps }) => steps))].map(({ level, text }) => ({ service: name, level, text })),
  );
}

function callLines(steps: readonly Step[]): { level: Level; text: string }[] {
  const calls = steps.flatMap((step) => (step.kind === 'parallel' ? step.steps : step));
  const has = (name: 'retries' | 'optional') => calls.some((step) => name in step && step[name as keyof Step]);
  return [
    ...(has('retries') ? [{ level: 'WARN' as const, text: CALL_LINES.retry }] : []),
    ...(has('optional') ? [{ level: 'WARN' as const, text: CALL_LINES.without }] : []),
    ...(calls.length > 0 ? [{ level: 'ERROR' as const, text: CALL_LINES.failed }] : []),
  ];
}

function idOf(nodes: ReadonlyMap<string, TrueNode>, name: string): string {
  const node = nodes.get(name);
  if (node === undefined) throw new TypeError(`the plan of the system has a step to ${name}, which it does not contain`);
  return node.id;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
