import { AppError, formatDurationMs } from '@pitot/core';
import { trueNodes, type TrueEdge } from '../plan/truth.ts';
import type { System } from '../plan/system.ts';
import { allNodes, type Node, type Nodes } from '../run/nodes.ts';
import { faultLine } from '../tell/fault-lines.ts';
import { DEFAULT_INTENSITY, type FaultKind, type FaultOrder, type FaultRecord } from './faults.ts';

/** Milliseconds on top of the factor, per unit of intensity: a small factor on a fast service would not be felt by anybody. */
const EXTRA_MS = { services: 60, parties: 60, stores: 12, topics: 0 } as const;
const LISTS = ['services', 'stores', 'topics', 'parties'] as const;
/** Chains of a fault that the truth lists. */
const MOST_CHAINS = 100;

/** Checks an order, works out what it must show, and attaches it to the nodes it hurts. Throws `bad_request`. */
export function placeFault(system: System, nodes: Nodes, edges: readonly TrueEdge[], order: FaultOrder, id: string, defaultCustomer: string): FaultRecord {
  const { kind, startMs, durationMs } = order;
  if (!(durationMs > 0)) throw new AppError('bad_request', 'a fault must last longer than zero; write it like 10m');
  const intensity = order.intensity ?? DEFAULT_INTENSITY[kind];
  if (!Number.isFinite(intensity) || intensity <= 0) throw new AppError('bad_request', `the intensity of a fault is a number above 0, not ${order.intensity}`);
  const [targetName, otherName] = kind === 'cut' ? splitCut(order.target) : [order.target, undefined];
  const target = find(nodes, targetName, kind);
  const other = otherName === undefined ? undefined : find(nodes, otherName, kind);
  const ids = trueNodes(system);
  const victim = ids.get((other ?? target).key)!.id;
  if (other !== undefined) {
    const from = ids.get(target.key)!.id;
    if (!edges.some((edge) => edge.source === from && edge.target === victim)) throw new AppError('bad_request', `${targetName} does not call ${otherName}, so there is nothing to cut`);
  }
  const list = (other ?? target).key.split('/')[0] as (typeof LISTS)[number];
  const chains = other === undefined ? chainsFrom(victim, edges) : chainsFrom(ids.get(target.key)!.id, edges).map((chain) => [victim, ...chain]);
  const callers = edges.filter((edge) => edge.target === victim).map((edge) => edge.source.slice(edge.source.indexOf(':') + 1));
  const fault: FaultRecord = {
    id,
    kind,
    target: order.target,
    startMs,
    endMs: startMs + durationMs,
    intensity,
    extraMs: order.extraMs ?? (kind === 'slow' || kind === 'noisy' ? EXTRA_MS[list] * intensity : 0),
    customer: order.customer ?? defaultCustomer,
    chain: chains,
    symptom: symptomOf(kind, order.target, intensity, durationMs, chains),
    lines: linesOf(kind, (other ?? target).name, list, other === undefined ? callers : [targetName]),
  };
  if (other === undefined) target.faults.push(fault);
  else target.cuts.set(other.key, [...(target.cuts.get(other.key) ?? []), fault]);
  return fault;
}

/** Takes a fault away from its nodes, or shortens it; see `Simulation.endFault`. */
export function replaceFault(nodes: Nodes, before: FaultRecord, after: FaultRecord | undefined): void {
  const replaced = (faults: readonly FaultRecord[]) => faults.flatMap((fault) => (fault === before ? (after ?? []) : fault));
  for (const node of allNodes(nodes)) {
    if (node.faults.includes(before)) node.faults = replaced(node.faults);
    for (const [key, faults] of node.cuts) {
      if (faults.includes(before)) node.cuts.set(key, replaced(faults));
    }
  }
}

function splitCut(target: string): [string, string] {
  const [from, to, ...rest] = target.split('>');
  if (!from || !to || rest.length > 0) throw new AppError('bad_request', `cut needs two names, like checkout>payment; "${target}" is not that`);
  return [from, to];
}

const LIST_OF_PREFIX: Readonly<Record<string, (typeof LISTS)[number]>> = { service: 'services', store: 'stores', topic: 'topics', party: 'parties' };
const ONLY_SERVICES: readonly FaultKind[] = ['leaking', 'bad-version'];

/** A name, or `topic:orders` where a service and a topic share one. */
function find(nodes: Nodes, name: string, kind: FaultKind): Node {
  const colon = name.indexOf(':');
  const only = colon < 0 ? undefined : LIST_OF_PREFIX[name.slice(0, colon)];
  const bare = only === undefined ? name : name.slice(colon + 1);
  for (const list of only === undefined ? LISTS : [only]) {
    const node = nodes[list].get(bare);
    if (node === undefined) continue;
    if (ONLY_SERVICES.includes(kind) && list !== 'services') throw new AppError('bad_request', `${kind} is for services; ${name} is not one`);
    return node;
  }
  const known = [...allNodes(nodes)].map((node) => node.name);
  const near = known.filter((candidate) => candidate.includes(bare.slice(0, 3)));
  throw new AppError('bad_request', `there is no "${name}" in this system; there are, among others, ${(near.length > 0 ? near : known).slice(0, 12).join(', ')}`);
}

/** Every way a fault of `from` reaches those who call it, and on to users; without loops. */
function chainsFrom(from: string, edges: readonly TrueEdge[]): string[][] {
  const callers = new Map<string, string[]>();
  for (const { source, target, kind } of edges) {
    // A producer does not wait for a consumer, so the harm stops at the queue.
    if (kind === 'request') callers.set(target, [...(callers.get(target) ?? []), source]);
  }
  const chains: string[][] = [];
  const walk = (chain: readonly string[]): void => {
    if (chains.length >= MOST_CHAINS) return;
    const next = (callers.get(chain.at(-1)!) ?? []).filter((caller) => !chain.includes(caller));
    if (next.length === 0) chains.push([...chain]);
    for (const caller of next) walk([...chain, caller]);
  };
  walk([from]);
  return chains;
}

function symptomOf(kind: FaultKind, target: string, intensity: number, durationMs: number, chains: readonly (readonly string[])[]): string {
  const felt = [...new Set(chains.map((chain) => chain.at(-1)!.replace(/^\w+:/, '')))].slice(0, 4).join(', ');
  const what: Readonly<Record<FaultKind, string>> = {
    slow: `${target} answers about ${intensity} times slower`,
    failing: `${target} fails ${Math.round(intensity * 100)} % of its requests`,
    leaking: `${target} fills its memory, slows down and is killed ${intensity} times`,
    dead: `${target} answers nobody; callers have their connections refused`,
    cut: `calls ${target} time out, while both ends are well otherwise`,
    'bad-version': `a new version of ${target} fails for one customer`,
    noisy: `${target} is about ${intensity} times slower for everybody, because one neighbour uses it up`,
  };
  return `${what[kind]} for ${formatDurationMs(durationMs)}; felt at ${felt}`;
}

function linesOf(kind: FaultKind, target: string, list: (typeof LISTS)[number], callers: readonly string[]): { service: string; text: string }[] {
  const isService = list === 'services';
  const ownWords = isService && (kind === 'slow' || kind === 'failing' || kind === 'leaking' || kind === 'bad-version');
  if (ownWords) return [{ service: target, text: faultLine(kind, target, true) }];
  return [...new Set(callers)].map((service) => ({ service, text: faultLine(kind, target, false) }));
}
