import { addressesOf, defaultPort, hostOf, isIpAddress, isOwnAddress, urlsIn, type Address } from './address.ts';
import type { DeclaredCallRow, DeclaredServiceRow } from '../../query/topology/evidence.ts';
import { manifestDocuments, mappingAt, textOf, textsOf, type Mapping } from './manifest-documents.ts';
import { namespaceOf, workloadsOf, type Setting, type Workload } from './workloads.ts';

const MOST_SKIPPED = 100;
const LONGEST_NAME = 300;
const MOST_EDGES = 10_000;
/** Names of variables and flags that hold a host without a port. */
const HOLDS_HOST = /(?:^|[_.-])(?:host|hostname|addr|address|endpoint|url|uri|server|servers|broker|brokers)$/i;
/** What a process listens on or calls itself is no call. */
const OWN = /(?:^|[_.-])(?:listen|bind|advertised|public|external|self|pod|node)(?:[_.-]|$)/i;

/** What somebody says about who calls whom, by addresses. Never holds credentials. */
export interface Declaration {
  /** Who declares, e.g. a repository. */
  readonly source: string;
  readonly services: readonly DeclaredServiceRow[];
  readonly edges: readonly DeclaredCallRow[];
  /** What could not be understood, and why; at most 100. */
  readonly skipped: readonly string[];
}

/** A Kubernetes Service: the name under which workloads are called. */
interface Front {
  readonly name: string;
  readonly namespace: string;
  /** Where it leads: workloads by their labels, or a foreign name. */
  readonly selector: ReadonlyMap<string, string>;
  readonly externalName: string;
}

/**
 * Who calls whom by Kubernetes manifests: values of environment variables, arguments and ConfigMaps that hold addresses, and Services
 * that lead to workloads. Credentials in URLs are dropped where they are read; Secrets are not looked at. Throws AppError `body_too_large`.
 */
export async function kubernetesDeclaration(source: string, text: string): Promise<Declaration> {
  const skipped: string[] = [];
  const documents = await manifestDocuments(text, skipped);
  const workloads = workloadsOf(documents).map((workload) => ({ ...workload, name: declaredText(workload.name), namespace: declaredText(workload.namespace) })).filter(({ name }) => name !== '');
  const fronts = frontsOf(documents);
  const services = servicesOf(workloads, fronts);
  const known = new Set(services.flatMap(({ hosts }) => hosts));
  const edges = new Map<string, DeclaredCallRow>();
  for (const workload of workloads) {
    for (const edge of edgesOf(workload, workloads, fronts, known)) {
      const key = `${edge.from}\u{0}${edge.to}\u{0}${edge.address}`;
      if (edges.size < MOST_EDGES && !edges.has(key)) edges.set(key, edge);
    }
  }
  if (edges.size === MOST_EDGES) skipped.push(`only the first ${MOST_EDGES} calls were taken`);
  if (documents.length > 0 && workloads.length === 0) skipped.push('no Deployment, StatefulSet, DaemonSet, Pod, Job or CronJob was found');
  return { source: declaredText(source), services, edges: [...edges.values()], skipped: skipped.slice(0, MOST_SKIPPED) };
}

/** A name as it can be kept: without control characters, which PostgreSQL does not take, and not longer than names are. */
export function declaredText(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, ' ').toWellFormed().trim().slice(0, LONGEST_NAME);
}

function frontsOf(documents: readonly Mapping[]): Front[] {
  return documents
    .filter((document) => document['kind'] === 'Service')
    .map((document) => ({
      name: declaredText(textOf(mappingAt(document, 'metadata')['name']).toLowerCase()),
      namespace: declaredText(namespaceOf(document)),
      selector: textsOf(mappingAt(document, 'spec', 'selector')),
      externalName: declaredText(textOf(mappingAt(document, 'spec')['externalName']).toLowerCase()),
    }))
    .filter(({ name }) => name !== '');
}

/** Each service once, with every name it answers to. A service of several workloads (web and cron) is one. */
function servicesOf(workloads: readonly Workload[], fronts: readonly Front[]): DeclaredServiceRow[] {
  const services = new Map<string, { name: string; namespace: string; hosts: Set<string> }>();
  for (const workload of workloads) {
    const key = `${workload.namespace}/${workload.name}`;
    const service = services.get(key) ?? { name: workload.name, namespace: workload.namespace, hosts: new Set() };
    services.set(key, service);
    for (const front of fronts) if (leadsTo(front, workload)) hostsOf(front).forEach((host) => service.hosts.add(host));
  }
  return [...services.values()].map(({ hosts, ...service }) => ({ ...service, hosts: [...hosts] }));
}

function leadsTo(front: Front, { namespace, labels }: Workload): boolean {
  return front.namespace === namespace && front.selector.size > 0 && [...front.selector].every(([name, value]) => labels.get(name) === value);
}

function hostsOf({ name, namespace }: Front): string[] {
  return namespace === '' ? [name] : [name, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
}

function edgesOf(workload: Workload, workloads: readonly Workload[], fronts: readonly Front[], known: ReadonlySet<string>): DeclaredCallRow[] {
  return workload.settings.flatMap((setting) =>
    addressesIn(setting, known)
      .filter(({ host }) => !isOwnAddress(host))
      .map((address) => ({ address, to: targetName(address.host, workload.namespace, workloads, fronts) }))
      // An address of its own is one it announces.
      .filter(({ to }) => to !== workload.name)
      .map(({ address, to }) => declaredEdge(workload, setting, address, to)),
  );
}

function declaredEdge(workload: Workload, setting: Setting, { host, port, protocol }: Address, to: string): DeclaredCallRow {
  const known = port === 0 ? defaultPort(protocol) : port;
  const address = `${host.includes(':') ? `[${host}]` : host}${known === 0 ? '' : `:${known}`}`;
  return { from: workload.name, to, address, protocol, detail: declaredText(`${workload.kind}/${workload.workload} ${setting.place}`) };
}

function addressesIn({ name, value, form }: Setting, known: ReadonlySet<string>): Address[] {
  if (OWN.test(name)) return [];
  if (form === 'text') return urlsIn(value);
  const found = addressesOf(value);
  if (found.length > 0) return found.filter(({ host, protocol }) => protocol !== '' || isPlausible(host, name, known));
  const host = HOLDS_HOST.test(name) ? hostOf(value) : undefined;
  return host !== undefined && (known.has(host) || host.includes('.')) ? [{ host, port: 0, protocol: '' }] : /\s/.test(value.trim()) ? urlsIn(value) : [];
}

/** `busybox:1` and `level:3` look like addresses; they are taken for ones where the name says so or the host is known. */
function isPlausible(host: string, name: string, known: ReadonlySet<string>): boolean {
  return known.has(host) || isIpAddress(host) || host.includes('.') || HOLDS_HOST.test(name) || /(?:svc|service|target|upstream|backend|dsn|connection|proxy|peer|seeds?|nodes|hosts|bootstrap|remote|cache|redis|kafka|db)/i.test(name);
}

/** The service that a host leads to, as seen from a namespace; the host itself where it is nobody's here. */
function targetName(host: string, from: string, workloads: readonly Workload[], fronts: readonly Front[]): string {
  const front = frontOf(host, from, fronts);
  if (front === undefined) return host;
  if (front.externalName !== '') return front.externalName;
  return workloads.find((workload) => leadsTo(front, workload))?.name ?? front.name;
}

function frontOf(host: string, from: string, fronts: readonly Front[]): Front | undefined {
  const exact = fronts.find((front) => front.namespace === from && front.name === host) ?? fronts.find((front) => front.namespace !== '' && hostsOf(front).slice(1).includes(host));
  if (exact) return exact;
  // Manifests without a namespace get theirs when they are applied, so any namespace in a full name will do.
  const [first = '', ...rest] = host.split('.');
  if (rest[1] === 'svc') return fronts.find(({ name, namespace }) => namespace === '' && name === first);
  // A pod of a StatefulSet: `db-0.db` or `db-0.db.shop.svc.cluster.local`.
  return /-\d+$/.test(first) && rest.length > 0 ? frontOf(rest.join('.'), from, fronts) : undefined;
}
