import type { NodeType } from '@pitot/core';
import type { DurationCounts } from './durations.ts';

/** Calls counted; each sampled span counts for as many as it stands for. */
export interface Counted {
  readonly calls: number;
  readonly errors: number;
  readonly durations: DurationCounts;
}

interface Seen {
  /** Milliseconds since the epoch, within the range that was asked for. */
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** A service by its own spans: the requests it received; a service that only calls has none. */
export interface ServiceRow extends Counted, Seen {
  readonly service: string;
  readonly environment: string;
  /** service.namespace, else k8s.namespace.name, else empty. */
  readonly namespace: string;
  /** service.version; empty where it is not said. */
  readonly version: string;
  /** Where the instance of the service runs by semantic conventions (faas.*). */
  readonly isFunction: boolean;
}

/** What is called, by the semantic conventions of the caller's span, or by the span of the called one. */
export interface CallTarget {
  readonly type: NodeType;
  readonly name: string;
  /** postgresql, redis, kafka, …; empty for services. */
  readonly system: string;
}

/** Calls from one to another as spans show them; of `publish` the target is a queue, of `consume` the source is. */
export interface CallRow extends Counted, Seen {
  readonly source: CallTarget;
  readonly target: CallTarget;
  readonly sourceVersion: string;
  readonly targetVersion: string;
  readonly protocol: string;
  readonly kind: 'request' | 'publish' | 'consume';
  /**
   * both: both ends have a span of the call; named: one end's span names the other by semantic conventions; address: the same, and what it
   * names is an address that was found to be the other's.
   */
  readonly evidence: 'both' | 'named' | 'address';
  /** Of the calls, those that repeat a failed one of the same parent. */
  readonly retries: number;
}

/** Who holds a socket, as far as the host tells. */
interface SocketOwner {
  readonly host: string;
  /** Name of the executable; empty where it may not be looked at. */
  readonly process: string;
  /** Empty where the process is in none. */
  readonly container: string;
  /** Empty where it is not known. */
  readonly service: string;
}

/** Connections of one process with one peer, of one direction. */
export interface SocketFlow extends SocketOwner, Seen {
  readonly direction: 'in' | 'out';
  readonly transport: string;
  readonly peerAddress: string;
  /** Of direction out: the port that is called; of direction in: not looked at. */
  readonly peerPort: number;
  /** Of direction in: the port that is called. */
  readonly localPort: number;
}

export interface ListenSocket extends SocketOwner {
  /** `0.0.0.0` and `::` stand for every address of the host. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly transport: string;
}

/** A host's own address. */
export interface HostAddress {
  readonly host: string;
  readonly address: string;
}

/** A name or address under which a service says that it can be called: its pod's address, its host's name. */
export interface ServiceAddress {
  readonly service: string;
  readonly address: string;
}

/** A service by a declaration, with the host names it answers to. */
export interface DeclaredServiceRow {
  readonly name: string;
  /** Kubernetes namespace; empty where there is none. */
  readonly namespace: string;
  /** Lower case, without port: `cart`, `cart.shop.svc.cluster.local`. */
  readonly hosts: readonly string[];
}

export interface DeclaredCallRow {
  /** Name of the calling service. */
  readonly from: string;
  /** Name of the called one: a declared service, or the host of the address. */
  readonly to: string;
  /** `host:port` as declared, without scheme, credentials and path; empty where none was given. */
  readonly address: string;
  /** Of the URL: redis, postgresql, http, …; empty where there was none. */
  readonly protocol: string;
  /** Where it stands, e.g. `Deployment/checkout env CART_ADDR`. */
  readonly detail: string;
}

/** What one source declares. */
export interface DeclaredSource {
  readonly source: string;
  readonly updatedMs: number;
  readonly services: readonly DeclaredServiceRow[];
  readonly edges: readonly DeclaredCallRow[];
}

/** Requests from outside: of server spans without a parent. */
interface EntryRow {
  readonly service: string;
  readonly calls: number;
}

/** Everything that is known of who calls whom in a range. */
export interface Evidence {
  readonly services: readonly ServiceRow[];
  readonly calls: readonly CallRow[];
  readonly entries: readonly EntryRow[];
  readonly flows: readonly SocketFlow[];
  readonly listens: readonly ListenSocket[];
  readonly hostAddresses: readonly HostAddress[];
  readonly serviceAddresses: readonly ServiceAddress[];
  readonly declared: readonly DeclaredSource[];
  /** What may be missing and why. */
  readonly notes: readonly string[];
}

/** Where declarations are kept; the store's table is one. */
export interface DeclarationKeeper {
  /** By name. */
  list(): Promise<DeclaredSource[]>;
  /** Replaces what the source declared before. */
  replace(declared: DeclaredSource): Promise<void>;
  /** Answers false where the source declared nothing. */
  remove(source: string): Promise<boolean>;
}
