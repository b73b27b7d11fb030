import type { OtlpSpan } from '@pitot/core/otlp-writer';
import { activeFault, isDown, isRestarting, slowdown } from '../break/effects.ts';
import type { LoadMeter } from '../measure/load-meter.ts';
import type { Operation, Step } from '../plan/system.ts';
import { CALL_LINES, fillCallLine } from '../tell/call-lines.ts';
import { faultLine } from '../tell/fault-lines.ts';
import { fill } from '../tell/placeholders.ts';
import { httpServer, rpc } from './attributes.ts';
import { addressOf, callExternal, callService, callStore, type Outcome, type Serving } from './calls.ts';
import type { Instance } from './instances.ts';
import { publishMessage } from './messages.ts';
import type { Nodes, ServiceNode } from './nodes.ts';
import { KIND, type Recorder, type Trouble } from './recorder.ts';
import type { Request } from './request.ts';

const SIGMA = 0.35;
const AGENTS = ['Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X)', 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0', 'AcmeApp/7.2 (Android 16)'];
/** Share of the time of its own that a request takes before its first call. */
const BEFORE_CALLS = 0.4;
const COLD_START = 0.03;
/** How long a request waits for a free connection or worker before it gives up, in microseconds. */
const POOL_WAIT_US = 2_000_000;

export interface Arrival {
  readonly startUs: number;
  /** Empty for a root. */
  readonly parentSpanId: string;
  readonly kind: number;
  readonly clientIp: string;
  readonly links?: OtlpSpan['links'];
  /** Attributes of the span, where its protocol does not give them. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

/** Walks requests through the plan and records what each service would have. */
export class Engine {
  readonly nodes: Nodes;
  readonly recorder: Recorder;
  readonly meter: LoadMeter;
  /** Load as a factor of the weekly mean; more of it makes everything slower. */
  load = 1;

  constructor(nodes: Nodes, recorder: Recorder, meter: LoadMeter) {
    this.nodes = nodes;
    this.recorder = recorder;
    this.meter = meter;
  }

  /** Factor on every latency at the present load. */
  get pressure(): number {
    return 0.85 + 0.2 * this.load * this.load;
  }

  /** The copy that would get a request now; undefined where nobody answers. */
  route(request: Request, node: ServiceNode, timeUs: number): Instance | undefined {
    if (node.faults.length > 0 && isDown(node.faults, timeUs)) return undefined;
    const index = request.random.below(node.instances.length);
    if (node.faults.length > 0) {
      const leak = activeFault(node.faults, 'leaking', timeUs);
      if (leak !== undefined && isRestarting(leak, timeUs, index)) return undefined;
      if (activeFault(node.faults, 'bad-version', timeUs) !== undefined && index < node.replaced.length) return node.replaced[index]!;
    }
    return node.instances[index]!;
  }

  /** One request at one copy of a service, with all that follows from it. */
  serve(request: Request, node: ServiceNode, instance: Instance, operation: Operation, arrival: Arrival): Outcome {
    const { random } = request;
    const { startUs } = arrival;
    const spanId = random.hex(8);
    const serving: Serving = { engine: this, request, node, instance, operation, spanId };
    const slow = slowdown(node.faults, startUs);
    let ownUs = random.logNormal(operation.ms, SIGMA) * node.noise.factor * this.pressure * slow.factor * 1000 + slow.extraMs * random.logNormal(1000, 0.25);
    const cold = node.service.serverless && random.chance(COLD_START);
    if (cold) ownUs += this.#coldStart(serving, startUs);

    let cursorUs = startUs + ownUs * BEFORE_CALLS;
    let trouble = this.#ownTrouble(serving, startUs);
    if (trouble === undefined) {
      const outcome = this.runSteps(serving, operation.steps, cursorUs);
      cursorUs = outcome.endUs;
      trouble = outcome.trouble;
    } else if (trouble.type === 'PoolExhausted') {
      cursorUs += POOL_WAIT_US;
    }
    const endUs = cursorUs + (trouble === undefined ? ownUs * (1 - BEFORE_CALLS) : random.logNormal(300, SIGMA));

    const status = trouble?.status ?? (operation.name.startsWith('POST') && operation.name !== 'POST /login' ? 201 : 200);
    const { method, route, path } = addressOf(operation, request);
    this.recorder.span(request, instance, {
      spanId,
      parentSpanId: arrival.parentSpanId,
      name: spanName(operation, method, route),
      kind: arrival.kind,
      startUs,
      endUs,
      attributes: {
        ...(arrival.attributes ?? this.#attributes(serving, arrival.clientIp, status)),
        'user.id': request.user,
        'customer.id': request.customer,
        feature: request.feature,
        ...(node.service.serverless && { 'faas.coldstart': cold, 'faas.trigger': 'http' }),
      },
      trouble,
      links: arrival.links,
    });
    this.meter.served(instance, operation, method, route, status, (endUs - startUs) / 1e6, request.weight);
    if (this.recorder.keepRecords) this.#say(serving, { startUs, endUs, status, method, route, path, trouble, slow: slow.fault !== undefined });
    return { endUs, trouble: trouble && { ...trouble, origin: false } };
  }

  /** Runs steps one after the other; ends at the first that fails and is not optional. */
  runSteps(serving: Serving, steps: readonly Step[], startUs: number): Outcome {
    let cursorUs = startUs;
    for (const step of steps) {
      const { endUs, trouble } = this.#runStep(serving, step, cursorUs);
      cursorUs = endUs + serving.request.random.fraction() * 120;
      if (trouble !== undefined) return { endUs: cursorUs, trouble };
    }
    return { endUs: cursorUs, trouble: undefined };
  }

  #runStep(serving: Serving, step: Step, startUs: number): Outcome {
    const { random } = serving.request;
    switch (step.kind) {
      case 'call':
      case 'query':
      case 'external': {
        if (step.chance !== undefined && !random.chance(step.chance)) return { endUs: startUs, trouble: undefined };
        const outcome = step.kind === 'call' ? callService(serving, step, startUs) : step.kind === 'query' ? callStore(serving, step, startUs) : callExternal(serving, step, startUs);
        return step.optional && outcome.trouble !== undefined ? { endUs: outcome.endUs, trouble: undefined } : outcome;
      }
      case 'publish':
        if (random.chance(step.chance ?? 1)) return publishMessage(serving, step.topic, startUs);
        return { endUs: startUs, trouble: undefined };
      case 'cached': {
        // A cache that fails is a miss, not an error.
        const { endUs } = callStore(serving, { kind: 'query', store: step.store, command: 'GET', collection: 'entry', ms: 0.45, optional: true }, startUs);
        return random.chance(step.hitRatio) ? { endUs, trouble: undefined } : this.runSteps(serving, step.miss, endUs);
      }
      case 'parallel': {
        let endUs = startUs;
        let trouble: Trouble | undefined;
        for (const inner of step.steps) {
          const outcome = this.#runStep(serving, inner, startUs + random.fraction() * 80);
          endUs = Math.max(endUs, outcome.endUs);
          trouble ??= outcome.trouble;
        }
        return { endUs, trouble };
      }
      case 'work': {
        const endUs = startUs + random.logNormal(step.ms, SIGMA) * serving.node.noise.factor * this.pressure * 1000;
        this.recorder.span(serving.request, serving.instance, { spanId: random.hex(8), parentSpanId: serving.spanId, name: step.name, kind: KIND.internal, startUs, endUs, attributes: {} });
        return { endUs, trouble: undefined };
      }
    }
  }

  /** What goes wrong at this service itself: its faults first, then what happens in good times. */
  #ownTrouble({ request, node, operation, instance }: Serving, timeUs: number): Trouble | undefined {
    const { random } = request;
    if (node.faults.length > 0) {
      const failing = activeFault(node.faults, 'failing', timeUs);
      if (failing !== undefined && random.chance(failing.intensity)) return { type: 'ServiceFault', message: this.#faultMessage('failing', request, node), status: 500, origin: true };
      const slow = activeFault(node.faults, 'slow', timeUs);
      if (slow !== undefined && slow.intensity >= 4 && random.chance(0.08)) return { type: 'PoolExhausted', message: this.#faultMessage('slow', request, node), status: 503, origin: true };
      const bad = activeFault(node.faults, 'bad-version', timeUs);
      if (bad !== undefined && instance.version !== node.service.version && request.customer === bad.customer && random.chance(bad.intensity)) {
        return { type: 'SettingsError', message: this.#faultMessage('bad-version', request, node), status: 500, origin: true };
      }
    }
    for (const failure of operation.failures) {
      if (random.chance(failure.chance)) return { type: failure.type, message: fill(failure.message, factsOf(request, 0, failure.status, operation.name, instance)), status: failure.status, origin: true };
    }
    return undefined;
  }

  #faultMessage(kind: 'failing' | 'slow' | 'bad-version', request: Request, node: ServiceNode): string {
    return fill(faultLine(kind, node.name, true), { ...request, ms: POOL_WAIT_US / 1000, status: 503, method: '', path: '', pod: node.instances[0]!.pod });
  }

  #attributes({ operation, node, request }: Serving, clientIp: string, status: number): Record<string, string | number> {
    if (operation.trigger.kind === 'grpc') return rpc(node.name, operation.name, status, undefined);
    const { method, route, path } = addressOf(operation, request);
    const edge = node.service.namespace === 'edge';
    const target = { method, route, path, status, host: edge ? 'shop.acme.example' : `${node.name}.${node.service.namespace}.svc`, port: edge ? 443 : 8080, scheme: edge ? ('https' as const) : ('http' as const) };
    return httpServer(node.service, target, clientIp, AGENTS[request.words[1] % AGENTS.length]!);
  }

  #coldStart({ request, instance, spanId }: Serving, startUs: number): number {
    const tookUs = request.random.logNormal(650_000, 0.3);
    this.recorder.span(request, instance, { spanId: request.random.hex(8), parentSpanId: spanId, name: 'cold start', kind: KIND.internal, startUs, endUs: startUs + tookUs, attributes: {} });
    this.recorder.log(instance, { level: 'INFO', message: `INIT_START Runtime Version: nodejs:24.v9 Init Duration: ${(tookUs / 1000).toFixed(2)} ms`, timeUs: startUs, traceId: request.traceId, spanId, attributes: {}, exception: '' });
    return tookUs;
  }

  #say({ request, node, instance, operation, spanId }: Serving, done: { startUs: number; endUs: number; status: number; method: string; route: string; path: string; trouble: Trouble | undefined; slow: boolean }): void {
    const { random } = request;
    const { startUs, endUs, status, trouble } = done;
    const facts = { ...request, ms: (endUs - startUs) / 1000, status, method: done.method, path: done.path, pod: instance.pod };
    const attributes = { 'user.id': request.user, 'customer.id': request.customer, ...(done.route !== '' && { 'http.route': done.route }) };
    const line = { traceId: request.traceId, spanId, attributes };
    if (trouble !== undefined && (trouble.origin || trouble.status >= 500)) {
      const own = trouble.origin && trouble.status >= 500;
      const message = trouble.origin ? trouble.message : fillCallLine(CALL_LINES.failed, { operation: operation.name, status: trouble.status, reason: trouble.message });
      this.recorder.log(instance, { ...line, level: trouble.status >= 500 ? 'ERROR' : 'WARN', message, timeUs: endUs - 100, exception: own ? trouble.type : '' });
    }
    if (done.slow && random.chance(0.25)) {
      const kind = activeFault(node.faults, 'leaking', startUs) === undefined ? 'slow' : 'leaking';
      this.recorder.log(instance, { ...line, level: 'WARN', message: fill(faultLine(kind, node.name, true), facts), timeUs: endUs - 200, exception: '' });
    }
    if (trouble !== undefined && node.name !== 'edge-gateway') return;
    for (const { level, text, chance } of operation.says) {
      if (random.chance(chance)) this.recorder.log(instance, { ...line, level, message: fill(text, facts), timeUs: startUs + (endUs - startUs) * (0.2 + 0.7 * random.fraction()), exception: '' });
    }
  }
}

function factsOf(request: Request, ms: number, status: number, path: string, instance: Instance) {
  return { ...request, ms, status, method: '', path, pod: instance.pod };
}

function spanName(operation: Operation, method: string, route: string): string {
  return operation.trigger.kind === 'http' ? `${method} ${route}` : operation.name;
}
