import type { CallRow, CallTarget, DeclaredCallRow, DeclaredSource, Evidence, ServiceRow } from '../../query/topology/evidence.ts';
import { isIpAddress } from './address.ts';
import { systemOfAddress } from './known-systems.ts';
import { NodeNames, splitAddress } from './node-names.ts';
import { addCounted, combinedConfidence, edgeId, emptyCounted, EVIDENCE_CONFIDENCE, listAt, nodeId, type MapEdge, type MapEvidence, type MapNode, type ServiceMap } from './service-map.ts';
import { addSockets } from './socket-edges.ts';

interface Seen {
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** The map while it is made. */
export class MapBuilder {
  readonly nodes = new Map<string, MapNode>();
  readonly edges = new Map<string, MapEdge>();
  readonly names = new NodeNames((id) => this.nodes.get(id)?.group ?? '');
  readonly notes: string[] = [];
  readonly #outgoing = new Map<string, MapEdge[]>();

  node(target: CallTarget, seen: Seen): MapNode {
    const id = nodeId(target);
    const node = this.nodes.get(id) ?? newNode(id, target, seen);
    this.nodes.set(id, node);
    node.system ||= target.system;
    widen(node, seen);
    return node;
  }

  edge(source: string, target: string, protocol: string, kind: CallRow['kind'], seen: Seen): MapEdge {
    const id = edgeId(source, target);
    const known = this.edges.get(id);
    if (known) {
      known.protocol ||= protocol;
      return widen(known, seen);
    }
    const edge = newEdge(id, source, target, protocol, kind, seen);
    this.edges.set(id, edge);
    listAt(this.#outgoing, source).push(edge);
    return edge;
  }

  /** One of each source and detail; the surest and the widest of equal ones. */
  addEvidence(edge: MapEdge, evidence: MapEvidence): void {
    const key = `${evidence.source}\u{0}${evidence.detail}`;
    const known = edge.evidence.get(key);
    edge.evidence.set(key, {
      ...evidence,
      confidence: Math.max(evidence.confidence, known?.confidence ?? 0),
      firstSeenMs: Math.min(evidence.firstSeenMs, known?.firstSeenMs ?? Infinity),
      lastSeenMs: Math.max(evidence.lastSeenMs, known?.lastSeenMs ?? -Infinity),
    });
  }

  /** The node under an address, as one caller sees it. */
  findNode(host: string, port: number, caller: string): string | undefined {
    return this.names.find(host, port, (id) => this.edges.has(edgeId(caller, id))) ?? this.names.findInCluster(host);
  }

  /** What the caller is declared to call on this port, where that is one thing: a cluster's address stands for it. */
  onlyDeclaredAt(caller: string, port: number): string | undefined {
    const found = (this.#outgoing.get(caller) ?? []).filter(({ evidence }) => [...evidence.values()].some(({ source, detail }) => source === 'declared' && detail.endsWith(`:${port}`)));
    return found.length === 1 ? found[0]!.target : undefined;
  }

  /** What the caller calls of this system by its spans, where that is one thing: `orders` on postgresql is what listens on its port. */
  onlyCalledOf(caller: string, system: string): string | undefined {
    if (system === '') return undefined;
    const found = (this.#outgoing.get(caller) ?? []).filter(({ target, counted }) => counted !== null && this.nodes.get(target)!.system === system);
    return found.length === 1 ? found[0]!.target : undefined;
  }
}

/** Merges everything that is known into one map. */
export function buildMap(evidence: Evidence): ServiceMap {
  const builder = new MapBuilder();
  builder.notes.push(...evidence.notes);
  for (const row of evidence.services) addService(builder, row);
  for (const { service, calls } of evidence.entries) {
    const node = builder.nodes.get(nodeId({ type: 'function', name: service })) ?? builder.nodes.get(nodeId({ type: 'service', name: service }));
    if (node) node.entered += calls;
  }
  learnNames(builder, evidence);
  for (const row of evidence.calls) addCall(builder, row);
  for (const source of evidence.declared) addDeclared(builder, source);
  addSockets(builder, evidence);
  finish(builder);
  return { nodes: builder.nodes, edges: builder.edges, notes: builder.notes };
}

function addService(builder: MapBuilder, row: ServiceRow): void {
  const node = builder.node({ type: row.isFunction ? 'function' : 'service', name: row.service, system: '' }, row);
  node.group ||= row.namespace;
  if (row.version !== '') node.versions.add(row.version);
  if (row.calls > 0) addCounted((node.received ??= emptyCounted()), row);
}

/** Names first, so that the order of rows does not matter. */
function learnNames(builder: MapBuilder, { services, calls, declared, serviceAddresses }: Evidence): void {
  for (const { service, isFunction } of services) builder.names.addHost(service, nodeId({ type: isFunction ? 'function' : 'service', name: service }));
  for (const { service, address } of serviceAddresses) {
    const id = [nodeId({ type: 'service', name: service }), nodeId({ type: 'function', name: service })].find((known) => builder.nodes.has(known));
    if (id !== undefined) builder.names.addHost(address, id);
  }
  // Where a database has no name of its own, conventions name it by its host.
  for (const { target } of calls) if (target.type === 'database' || target.type === 'cache') builder.names.addHost(target.name, nodeId(target));
  for (const { services: declaredServices, edges } of declared) {
    for (const { name, hosts, namespace } of declaredServices) {
      const id = declaredServiceId(builder, name, hosts, edges);
      if (id === undefined) continue;
      for (const host of new Set([name, ...hosts])) builder.names.addHost(host, id);
      const node = builder.nodes.get(id);
      if (node) node.group ||= namespace;
    }
  }
}

/**
 * A declared service is the one of that name or host; else a new one. Undefined where it is a database, cache or broker by its port and
 * scheme: those are found by who calls them, because spans name what is in them.
 */
function declaredServiceId(builder: MapBuilder, name: string, hosts: readonly string[], edges: readonly DeclaredCallRow[]): string | undefined {
  const known = [name, ...hosts].map((host) => builder.names.find(host, 0)).find((id) => id !== undefined);
  if (known !== undefined) return known;
  const calls = edges.some(({ from }) => from === name);
  return calls || declaredType(edges.filter(({ to }) => to === name)) === 'service' ? nodeId({ type: 'service', name }) : undefined;
}

function declaredType(called: readonly DeclaredCallRow[]): CallTarget['type'] {
  const systems = called.map(({ address, protocol }) => systemOfAddress(protocol, splitAddress(address).port)?.type);
  return systems.find((type) => type !== undefined) ?? 'service';
}

function addCall(builder: MapBuilder, row: CallRow): void {
  const source = callEnd(builder, row.source, row);
  const { node: target, confidence } = callTarget(builder, row, source.id);
  if (source.type === 'service' && row.sourceVersion !== '') source.versions.add(row.sourceVersion);
  if (target.type === 'service' && row.targetVersion !== '') target.versions.add(row.targetVersion);
  const edge = builder.edge(source.id, target.id, row.protocol, row.kind, row);
  if (row.calls > (edge.counted?.calls ?? 0)) {
    edge.protocol = row.protocol;
    edge.kind = row.kind;
  }
  addCounted((edge.counted ??= emptyCounted()), row);
  edge.retried += row.retries;
  if (row.sourceVersion !== '' || row.targetVersion !== '') {
    const versions = `${row.sourceVersion}\u{0}${row.targetVersion}`;
    edge.versions.set(versions, (edge.versions.get(versions) ?? 0) + row.calls);
  }
  builder.addEvidence(edge, { source: 'spans', detail: evidenceDetail(row, confidence), confidence, firstSeenMs: row.firstSeenMs, lastSeenMs: row.lastSeenMs });
}

function evidenceDetail({ kind, target }: CallRow, confidence: number): string {
  if (confidence === EVIDENCE_CONFIDENCE.bothEnds) return 'spans of both ends';
  const end = { request: 'spans of the caller', publish: 'spans of the producer', consume: 'spans of the consumer' }[kind];
  return confidence === EVIDENCE_CONFIDENCE.address ? `${end}, matched by the address${target.type === 'external' ? ` ${target.name}` : ''}` : end;
}

/** A service that is called may be one that runs as a function; its own spans say so. */
function callEnd(builder: MapBuilder, target: CallTarget, seen: Seen): MapNode {
  const asFunction = target.type === 'service' ? nodeId({ type: 'function', name: target.name }) : undefined;
  if (asFunction !== undefined && builder.nodes.has(asFunction)) return builder.node({ ...target, type: 'function' }, seen);
  return builder.node(target, seen);
}

/** An address that turns out to be somebody's, by declarations or because it is a service's name, is that one. */
function callTarget(builder: MapBuilder, row: CallRow, source: string): { node: MapNode; confidence: number } {
  if (row.target.type === 'external') {
    const { host, port } = splitAddress(row.target.name);
    const found = builder.findNode(host, port, source);
    if (found !== undefined && found !== nodeId(row.target)) {
      return { node: widen(builder.nodes.get(found) ?? builder.node(targetOfId(found, row.target.system), row), row), confidence: EVIDENCE_CONFIDENCE.address };
    }
  }
  const confidence = { both: EVIDENCE_CONFIDENCE.bothEnds, named: EVIDENCE_CONFIDENCE.named, address: EVIDENCE_CONFIDENCE.address }[row.evidence];
  return { node: callEnd(builder, row.target, row), confidence };
}

function addDeclared(builder: MapBuilder, { source, updatedMs, services, edges }: DeclaredSource): void {
  const seen = { firstSeenMs: updatedMs, lastSeenMs: updatedMs };
  const ends = new Map<string, string>();
  for (const { name, namespace, hosts } of services) {
    const id = declaredServiceId(builder, name, hosts, edges);
    if (id === undefined) continue;
    const node = builder.nodes.get(id) ?? builder.node(targetOfId(id, ''), seen);
    node.group ||= namespace;
    ends.set(name, node.id);
  }
  for (const { from, to, address, protocol, detail } of edges) {
    const caller = ends.get(from) ?? declaredEnd(builder, from, '', '', seen).id;
    const target = ends.get(to) ?? declaredEnd(builder, to, address, protocol, seen, caller).id;
    if (caller === target) continue;
    const { port } = splitAddress(address);
    const known = builder.nodes.get(target)!;
    const edge = builder.edge(caller, target, protocol || known.system || systemOfAddress('', port)?.system || 'tcp', known.type === 'queue' ? 'publish' : 'request', seen);
    builder.addEvidence(edge, { source: 'declared', detail: [source, detail, address].filter((text) => text !== '').join(': '), confidence: EVIDENCE_CONFIDENCE.declared, ...seen });
  }
}

function declaredEnd(builder: MapBuilder, name: string, address: string, protocol: string, seen: Seen, caller = ''): MapNode {
  const { host, port } = splitAddress(address === '' ? name : address);
  const system = systemOfAddress(protocol, port);
  const found = builder.findNode(host, port, caller) ?? builder.findNode(name, 0, caller) ?? builder.onlyCalledOf(caller, system?.system ?? '');
  const known = found === undefined ? undefined : builder.nodes.get(found);
  // A declaration says that something may be called, not that it was seen.
  if (known) return known;
  if (found !== undefined) return builder.node(targetOfId(found, system?.system ?? ''), seen);
  const isForeign = name.includes('.') || isIpAddress(name);
  const node = builder.node({ type: system?.type ?? (isForeign ? 'external' : 'service'), name, system: system?.system ?? '' }, seen);
  builder.names.addHost(name, node.id);
  return node;
}

function targetOfId(id: string, system: string): CallTarget {
  const colon = id.indexOf(':');
  return { type: id.slice(0, colon) as CallTarget['type'], name: id.slice(colon + 1), system };
}

function newNode(id: string, { type, name, system }: CallTarget, { firstSeenMs, lastSeenMs }: Seen): MapNode {
  return { id, type, name, system, group: '', versions: new Set(), received: null, entered: 0, firstSeenMs, lastSeenMs };
}

function newEdge(id: string, source: string, target: string, protocol: string, kind: CallRow['kind'], { firstSeenMs, lastSeenMs }: Seen): MapEdge {
  return { id, source, target, protocol, kind, evidence: new Map(), confidence: 0, counted: null, versions: new Map(), retried: 0, firstSeenMs, lastSeenMs };
}

function widen<Item extends { firstSeenMs: number; lastSeenMs: number }>(item: Item, { firstSeenMs, lastSeenMs }: Seen): Item {
  item.firstSeenMs = Math.min(item.firstSeenMs, firstSeenMs);
  item.lastSeenMs = Math.max(item.lastSeenMs, lastSeenMs);
  return item;
}

/** What has no spans of its own is counted as its callers see it. */
function finish({ nodes, edges }: MapBuilder): void {
  const bySpans = new Set([...nodes.values()].filter(({ received }) => received !== null).map(({ id }) => id));
  for (const edge of edges.values()) {
    edge.confidence = combinedConfidence(edge.evidence.values());
    const target = nodes.get(edge.target)!;
    if (edge.counted && !bySpans.has(target.id)) addCounted((target.received ??= emptyCounted()), edge.counted);
  }
}
