import type { CallOptions, Failure, Journey, Language, Level, Line, Operation, Service, Step, Trigger } from './system.ts';

/** The words the plans of systems are written in. Milliseconds are medians. */

export const call = (service: string, operation: string, options: CallOptions = {}): Step => ({ kind: 'call', service, operation, ...options });
export const query = (store: string, command: string, collection: string, ms: number, options: CallOptions = {}): Step => ({ kind: 'query', store, command, collection, ms, ...options });
export const external = (party: string, method: string, path: string, ms: number, options: CallOptions = {}): Step => ({ kind: 'external', party, method, path, ms, ...options });
export const publish = (topic: string, chance = 1): Step => ({ kind: 'publish', topic, chance });
export const cached = (store: string, hitRatio: number, ...miss: readonly Step[]): Step => ({ kind: 'cached', store, hitRatio, miss });
export const parallel = (...steps: readonly Step[]): Step => ({ kind: 'parallel', steps });
export const work = (name: string, ms: number): Step => ({ kind: 'work', name, ms });

const line = (level: Level, chance: number) => (text: string, often = chance): Line => ({ level, text, chance: often });
export const debug = line('DEBUG', 0.1);
export const info = line('INFO', 0.5);
export const warn = line('WARN', 0.01);

export const failure = (chance: number, type: string, message: string, status = 500): Failure => ({ chance, type, message, status });

interface OperationParts {
  readonly ms: number;
  readonly steps?: readonly Step[];
  readonly says?: readonly Line[];
  readonly failures?: readonly Failure[];
}

const operation = (name: string, trigger: Trigger, { ms, steps = [], says = [], failures = [] }: OperationParts): Operation => ({ name, trigger, ms, steps, says, failures });
export const http = (name: string, parts: OperationParts): Operation => operation(name, { kind: 'http' }, parts);
export const grpc = (name: string, parts: OperationParts): Operation => operation(name, { kind: 'grpc' }, parts);
export const consume = (topic: string, delayMs: number, parts: OperationParts, batch?: number): Operation =>
  operation(`process ${topic}`, { kind: 'message', topic, delayMs, ...(batch !== undefined && { batch }) }, parts);
export const timer = (name: string, everySeconds: number, parts: OperationParts): Operation => operation(name, { kind: 'timer', everySeconds }, parts);

/** `namespace/name`, language, version. */
export function service(path: string, language: Language, version: string, parts: Partial<Omit<Service, 'name' | 'namespace' | 'language' | 'version'>> & Pick<Service, 'operations'>): Service {
  const [namespace = '', name = ''] = path.split('/');
  return { name, namespace, language, version, instances: 2, logFormat: 'text', conventions: 'current', serverless: false, idle: [], ...parts };
}

export const journey = (feature: string, entry: string, name: string, weight: number): Journey => ({ feature, service: entry, operation: name, weight });
