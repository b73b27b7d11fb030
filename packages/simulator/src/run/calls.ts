import { activeFault, isDown, slowdown } from '../break/effects.ts';
import type { Operation, Step } from '../plan/system.ts';
import { CALL_LINES, fillCallLine } from '../tell/call-lines.ts';
import { faultLine } from '../tell/fault-lines.ts';
import { fill } from '../tell/placeholders.ts';
import { db, httpClient, rpc } from './attributes.ts';
import type { Engine } from './engine.ts';
import type { Instance } from './instances.ts';
import type { Node, ServiceNode } from './nodes.ts';
import { KIND, type Trouble } from './recorder.ts';
import type { Request } from './request.ts';

export interface Outcome {
  readonly endUs: number;
  readonly trouble: Trouble | undefined;
}

/** One operation being served: who does it, for which request, under which span. */
export interface Serving {
  readonly engine: Engine;
  readonly request: Request;
  readonly node: ServiceNode;
  readonly instance: Instance;
  readonly operation: Operation;
  readonly spanId: string;
}

type CallStep = Extract<Step, { kind: 'call' }>;
type QueryStep = Extract<Step, { kind: 'query' }>;
type ExternalStep = Extract<Step, { kind: 'external' }>;

const DEFAULT_TIMEOUT_MS = 3000;
const BACKOFF_MS = 40;
const STORE_SIGMA = 0.5;
const POOL_WAIT_MS = 2000;

/** Calls another service, again where that may help. */
export function callService(serving: Serving, step: CallStep, startUs: number): Outcome {
  const target = serving.engine.nodes.services.get(step.service)!;
  return withRetries(serving, step, step.service, startUs, (attemptUs, attempt) => attemptService(serving, step, target, attemptUs, attempt));
}

function attemptService(serving: Serving, step: CallStep, target: ServiceNode, startUs: number, attempt: number): Outcome {
  const { engine, request, instance } = serving;
  const { random } = request;
  const timeoutMs = step.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const spanId = random.hex(8);
  const operation = target.operations.get(step.operation)!;
  const isRpc = operation.trigger.kind === 'grpc';
  let endUs: number;
  let trouble: Trouble | undefined;
  let answered = 0;
  if (isCut(serving.node, target, startUs)) {
    endUs = startUs + timeoutMs * 1000;
    trouble = { type: 'timeout', message: faultMessage('cut', target.name, timeoutMs, request), status: 504, origin: true };
  } else {
    const copy = engine.route(request, target, startUs);
    if (copy === undefined) {
      endUs = startUs + random.logNormal(900, 0.3);
      trouble = { type: 'ECONNREFUSED', message: faultMessage('dead', target.name, 0, request), status: 503, origin: true };
    } else {
      const networkUs = random.logNormal(350, 0.4);
      const outcome = engine.serve(request, target, copy, operation, { startUs: startUs + networkUs, parentSpanId: spanId, kind: KIND.server, clientIp: instance.ip });
      endUs = outcome.endUs + networkUs * 0.9;
      trouble = outcome.trouble;
      answered = trouble?.status ?? (operation.name.startsWith('POST') ? 201 : 200);
      if (endUs - startUs > timeoutMs * 1000) {
        endUs = startUs + timeoutMs * 1000;
        answered = 0;
        trouble = { type: 'timeout', message: `${step.operation} of ${target.name} timed out after ${timeoutMs} ms`, status: 504, origin: true };
      }
    }
  }
  const { method, route, path } = addressOf(operation, request);
  const host = `${target.name}.${target.service.namespace}.svc`;
  engine.recorder.span(request, instance, {
    spanId,
    parentSpanId: serving.spanId,
    name: isRpc ? `${target.name}/${operation.name}` : method,
    kind: KIND.client,
    startUs,
    endUs,
    attributes: isRpc ? rpc(target.name, operation.name, trouble?.status ?? 200, host) : httpClient(serving.node.service, { method, route, path, status: answered, host, port: 8080, scheme: 'http' }, attempt),
    trouble: trouble && answered > 0 ? { ...trouble, type: String(answered) } : trouble,
  });
  return { endUs, trouble: trouble && asSeenByCaller(trouble, step, target.name) };
}

/** 4xx goes up as it is; what broke down there is a bad gateway here. */
function asSeenByCaller(trouble: Trouble, step: CallStep, target: string): Trouble {
  if (trouble.status < 500 || trouble.origin) return trouble;
  return { ...trouble, type: 'UpstreamError', message: trouble.message.startsWith('upstream ') ? trouble.message : `upstream ${target} ${step.operation}: ${trouble.message}`, status: trouble.status === 504 ? 504 : 502 };
}

/** One statement at a database or cache. */
export function callStore(serving: Serving, step: QueryStep, startUs: number): Outcome {
  return withRetries(serving, step, step.store, startUs, (attemptUs) => attemptStore(serving, step, attemptUs));
}

function attemptStore({ engine, request, node, instance, spanId }: Serving, step: QueryStep, startUs: number): Outcome {
  const { random } = request;
  const target = engine.nodes.stores.get(step.store)!;
  const slow = slowdown(target.faults, startUs);
  if (slow.fault !== undefined && slow.factor >= 4 && random.chance(0.05)) {
    // No connection was had, so no span shows the store.
    const message = faultMessage(slow.fault.kind, target.name, POOL_WAIT_MS, request);
    return { endUs: startUs + POOL_WAIT_MS * 1000, trouble: { type: 'PoolExhausted', message, status: 503, origin: true } };
  }
  let tookUs = (random.logNormal(step.ms, STORE_SIGMA) * target.noise.factor * engine.pressure * slow.factor + slow.extraMs * random.fraction()) * 1000 + 150;
  let trouble: Trouble | undefined;
  const timeoutMs = step.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  if (target.faults.length > 0 && isDown(target.faults, startUs)) {
    tookUs = random.logNormal(800, 0.3);
    trouble = { type: 'ECONNREFUSED', message: faultMessage('dead', target.name, 0, request), status: 503, origin: true };
  } else if (isCut(node, target, startUs)) {
    tookUs = timeoutMs * 1000;
    trouble = { type: 'timeout', message: faultMessage('cut', target.name, timeoutMs, request), status: 504, origin: true };
  } else {
    const failing = activeFault(target.faults, 'failing', startUs);
    if (failing !== undefined && random.chance(failing.intensity)) trouble = { type: target.store.system === 'postgresql' ? '57P03' : 'ServerError', message: faultMessage('failing', target.name, 0, request), status: 500, origin: true };
  }
  const endUs = startUs + tookUs;
  engine.recorder.span(request, instance, { spanId: random.hex(8), parentSpanId: spanId, name: `${step.command} ${step.collection}`, kind: KIND.client, startUs, endUs, attributes: db(node.service, target.store, step.command, step.collection), trouble });
  engine.meter.queried(instance, target.store, tookUs / 1e6, request.weight);
  return { endUs, trouble };
}

/** One request to a third party. */
export function callExternal(serving: Serving, step: ExternalStep, startUs: number): Outcome {
  return withRetries(serving, step, step.party, startUs, (attemptUs, attempt) => attemptExternal(serving, step, attemptUs, attempt));
}

function attemptExternal({ engine, request, node, instance, spanId }: Serving, step: ExternalStep, startUs: number, attempt: number): Outcome {
  const { random } = request;
  const target = engine.nodes.parties.get(step.party)!;
  const timeoutMs = step.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const slow = slowdown(target.faults, startUs);
  let tookUs = (random.logNormal(step.ms, STORE_SIGMA) * target.noise.factor * slow.factor + slow.extraMs) * 1000;
  let status = random.chance(0.0015) ? 503 : 200;
  const failing = activeFault(target.faults, 'failing', startUs);
  if (failing !== undefined && random.chance(failing.intensity)) status = 503;
  let trouble: Trouble | undefined = status === 200 ? undefined : { type: '503', message: `${target.party.address} answered 503 Service Unavailable`, status: 502, origin: true };
  if (target.faults.length > 0 && isDown(target.faults, startUs)) {
    [tookUs, status] = [random.logNormal(30_000, 0.3), 0];
    trouble = { type: 'ECONNREFUSED', message: faultMessage('dead', target.party.address, 0, request), status: 502, origin: true };
  } else if (isCut(node, target, startUs) || tookUs > timeoutMs * 1000) {
    [tookUs, status] = [timeoutMs * 1000, 0];
    trouble = { type: 'timeout', message: `${step.method} ${step.path} at ${target.party.address} timed out after ${timeoutMs} ms`, status: 504, origin: true };
  }
  const endUs = startUs + tookUs;
  const attributes = httpClient(node.service, { method: step.method, route: '', path: step.path, status, host: target.party.address, port: 443, scheme: 'https' }, attempt);
  engine.recorder.span(request, instance, { spanId: random.hex(8), parentSpanId: spanId, name: step.method, kind: KIND.client, startUs, endUs, attributes, trouble });
  return { endUs, trouble };
}

/** Tries again after failures that may pass, with doubled and scattered waits. */
function withRetries(serving: Serving, step: CallStep | QueryStep | ExternalStep, target: string, startUs: number, attempt: (startUs: number, number: number) => Outcome): Outcome {
  const { engine, request, instance, spanId } = serving;
  const retries = step.retries ?? 0;
  let outcome = attempt(startUs, 0);
  for (let tried = 1; tried <= retries && outcome.trouble !== undefined && outcome.trouble.status >= 500; tried++) {
    const waitMs = BACKOFF_MS * 2 ** (tried - 1) * (0.5 + request.random.fraction());
    engine.recorder.log(instance, { level: 'WARN', message: fillCallLine(CALL_LINES.retry, { attempt: tried, target, error: outcome.trouble.type, wait: waitMs.toFixed(0) }), timeUs: outcome.endUs, traceId: request.traceId, spanId, attributes: {}, exception: '' });
    outcome = attempt(outcome.endUs + waitMs * 1000, tried);
  }
  const { trouble } = outcome;
  if (trouble !== undefined && step.optional && trouble.status >= 500) {
    engine.recorder.log(instance, { level: 'WARN', message: fillCallLine(CALL_LINES.without, { target, reason: trouble.message }), timeUs: outcome.endUs, traceId: request.traceId, spanId, attributes: {}, exception: '' });
  }
  return outcome;
}

/** Method, route and a path of it; `POST /name` for operations that are no routes. */
export function addressOf(operation: Operation, request: Request): { method: string; route: string; path: string } {
  if (operation.trigger.kind !== 'http') return { method: '', route: '', path: '' };
  const space = operation.name.indexOf(' ');
  const method = space < 0 ? 'POST' : operation.name.slice(0, space);
  const route = space < 0 ? `/${operation.name}` : operation.name.slice(space + 1);
  const path = route.includes('{') ? route.replace('{id}', String(10_000 + (request.words[1] % 5_000))).replace('{slug}', `c${request.words[2] % 40}`) : route;
  return { method, route, path };
}

function isCut(from: Node, to: Node, timeUs: number): boolean {
  if (from.cuts.size === 0) return false;
  const faults = from.cuts.get(to.key);
  return faults !== undefined && activeFault(faults, 'cut', timeUs) !== undefined;
}

function faultMessage(kind: Parameters<typeof faultLine>[0], target: string, ms: number, request: Request): string {
  return fill(faultLine(kind, target, false), { ...request, ms, status: 0, method: '', path: '', pod: '' });
}
