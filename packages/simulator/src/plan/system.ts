/** What a simulated system is made of, before anything runs: plain data, so that its truth can be read off it. */

export type Language = 'go' | 'java' | 'nodejs' | 'python' | 'ruby';
/** How a service writes its lines: plain text, a JSON object as text, or `key=value`. */
export type LogFormat = 'text' | 'json' | 'logfmt';
export type Level = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

/** A line a service says; `{name}` is filled in from the request, see tell/placeholders.ts. */
export interface Line {
  readonly level: Level;
  readonly text: string;
  /** Probability per occasion, 0–1. */
  readonly chance: number;
}

/** Something that goes wrong now and then in good times too. */
export interface Failure {
  /** Probability per request, 0–1. */
  readonly chance: number;
  /** Class name; with `status` below 500 no exception is recorded. */
  readonly type: string;
  readonly message: string;
  /** HTTP status the caller sees. */
  readonly status: number;
}

export interface CallOptions {
  /** Probability that the step happens at all, 0–1. Default 1. */
  readonly chance?: number;
  /** Attempts after the first. */
  readonly retries?: number;
  readonly timeoutMs?: number;
  /** The caller goes on without it when it fails. */
  readonly optional?: boolean;
}

export type Step =
  | ({ readonly kind: 'call'; readonly service: string; readonly operation: string } & CallOptions)
  | ({ readonly kind: 'query'; readonly store: string; readonly command: string; readonly collection: string; readonly ms: number } & CallOptions)
  | ({ readonly kind: 'external'; readonly party: string; readonly method: string; readonly path: string; readonly ms: number } & CallOptions)
  | { readonly kind: 'publish'; readonly topic: string; readonly chance?: number }
  /** Looks into a cache first; `miss` runs where it has nothing. */
  | { readonly kind: 'cached'; readonly store: string; readonly hitRatio: number; readonly miss: readonly Step[] }
  | { readonly kind: 'parallel'; readonly steps: readonly Step[] }
  /** Time inside the process, as an internal span. */
  | { readonly kind: 'work'; readonly name: string; readonly ms: number };

export type Trigger =
  | { readonly kind: 'http' }
  | { readonly kind: 'grpc' }
  /** Runs for each message of the topic; `batch` consumers link to the producers instead of having one as their parent. */
  | { readonly kind: 'message'; readonly topic: string; readonly delayMs: number; readonly batch?: number }
  | { readonly kind: 'timer'; readonly everySeconds: number };

export interface Operation {
  /** `POST /checkout`, `Reserve`, or the name of the job. */
  readonly name: string;
  readonly trigger: Trigger;
  /** Median of the time it takes itself, without what it waits for. */
  readonly ms: number;
  readonly steps: readonly Step[];
  readonly says: readonly Line[];
  readonly failures: readonly Failure[];
}

export interface Service {
  readonly name: string;
  readonly namespace: string;
  readonly language: Language;
  readonly version: string;
  readonly instances: number;
  readonly logFormat: LogFormat;
  /** `old`: attribute names from before semantic conventions 1.23, which much software still sends. */
  readonly conventions: 'current' | 'old';
  /** A function: no pod, cold starts. */
  readonly serverless: boolean;
  readonly operations: readonly Operation[];
  /** What it says of its own accord, not for a request. */
  readonly idle: readonly Line[];
}

type StoreSystem = 'postgresql' | 'redis' | 'mongodb' | 'elasticsearch';
export interface Store {
  readonly name: string;
  readonly system: StoreSystem;
  readonly address: string;
  readonly port: number;
  /** `db.namespace`. */
  readonly database: string;
}

export interface Topic {
  readonly name: string;
  readonly system: 'kafka' | 'aws_sqs';
  readonly address: string;
  readonly partitions: number;
}

/** Somebody else's service: seen only by the spans of its callers. */
export interface Party {
  readonly name: string;
  readonly address: string;
}

/** Something users do: where it enters and how often. */
export interface Journey {
  /** Attribute `feature`. */
  readonly feature: string;
  readonly service: string;
  readonly operation: string;
  /** Share of all root requests, relative to the other journeys. */
  readonly weight: number;
}

export interface System {
  readonly services: readonly Service[];
  readonly stores: readonly Store[];
  readonly topics: readonly Topic[];
  readonly parties: readonly Party[];
  readonly journeys: readonly Journey[];
}
