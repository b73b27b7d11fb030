import type { OtlpGroup, OtlpLogRecord, OtlpMetric, OtlpSpan } from '@pitot/core/otlp-writer';
import { activeFault, isDown } from '../break/effects.ts';
import type { FaultOrder, FaultRecord } from '../break/faults.ts';
import { placeFault, replaceFault } from '../break/place-fault.ts';
import { LoadMeter } from '../measure/load-meter.ts';
import { MetricsMaker } from '../measure/metrics-maker.ts';
import { ACME } from '../plan/acme/acme.ts';
import { growSystem } from '../plan/grow.ts';
import type { Operation, System } from '../plan/system.ts';
import { trueEdges, trueNodes, trueTemplates, type Truth } from '../plan/truth.ts';
import { fill } from '../tell/placeholders.ts';
import { Engine } from './engine.ts';
import { makeInstance, type Instance } from './instances.ts';
import { releaseHeld } from './messages.ts';
import { allNodes, makeNodes, type Nodes, type ServiceNode } from './nodes.ts';
import { Noise } from './noise.ts';
import { Outbox } from './outbox.ts';
import { hashText, Random } from './random.ts';
import { KIND, Recorder } from './recorder.ts';
import { DEFAULT_CUSTOMER, newIdentity, newTraceId, traceStateOf, type Request } from './request.ts';
import { season } from './season.ts';

export interface SimulationOptions {
  /** Same seed, same start, same faults: the same telemetry, byte for byte. Default 1. */
  readonly seed?: number;
  /** How many services: 24 by default; more are generated around them, up to 1,000. */
  readonly services?: number;
  /** Root requests per second, as the mean over a week. Default 50. */
  readonly rate?: number;
  /** Where the simulated time starts, in milliseconds since the Unix epoch; rounded down to a second. */
  readonly startMs: number;
}

/** What the system sent in a stretch of time, in the order of its seconds. */
export interface Telemetry {
  readonly spans: readonly OtlpGroup<OtlpSpan>[];
  readonly logs: readonly OtlpGroup<OtlpLogRecord>[];
  readonly metrics: readonly OtlpGroup<OtlpMetric>[];
}

/** How closely a stretch of time is simulated. */
export interface Detail {
  /** Only one of 2^halvings requests is simulated; its spans say so in their trace state, and metrics are upscaled. */
  readonly halvings: number;
  readonly metricsEverySeconds: number;
  /** False: metrics only. */
  readonly records: boolean;
}

export const LIVE: Detail = { halvings: 0, metricsEverySeconds: 10, records: true };

export interface Simulation {
  readonly nowMs: number;
  /** Simulates up to `untilMs` (whole seconds only) and answers what was sent by then. The steps in which one gets there make no difference. */
  advance(untilMs: number): Telemetry;
  /** From now on. At first `LIVE`. */
  setDetail(detail: Detail): void;
  /** Throws `bad_request` with what there is instead, for an unknown target or a kind that does not fit it. */
  addFault(order: FaultOrder): FaultRecord;
  /** Ends a fault now; false where there is none under this id that has not ended. */
  endFault(id: string): boolean;
  truth(): Truth;
}

const DEFAULT_RATE = 50;
const NOISE_STEP_SECONDS = 10;
/** Lines of its own accord that a copy says per second. */
const IDLE_LINES_PER_SECOND = 0.05;
const TRAFFIC_NOISE = 0.08;
/** Messages a group works off per second once it is back. */
const CATCH_UP = 100;

export function createSimulation(options: SimulationOptions): Simulation {
  return new SeededSimulation(options);
}

class SeededSimulation implements Simulation {
  readonly #system: System;
  readonly #nodes: Nodes;
  readonly #engine: Engine;
  readonly #outbox = new Outbox();
  readonly #recorder = new Recorder(this.#outbox);
  readonly #meter = new LoadMeter();
  readonly #metrics: MetricsMaker;
  readonly #random = new Random();
  readonly #traffic: Noise;
  readonly #seed: number;
  readonly #rate: number;
  readonly #journeys: readonly { readonly upTo: number; readonly feature: string; readonly node: ServiceNode; readonly operation: Operation }[];
  readonly #edges: Truth['edges'];
  #faults: FaultRecord[] = [];
  #faultCount = 0;
  #second: number;
  #detail = LIVE;

  constructor({ seed = 1, services = 0, rate = DEFAULT_RATE, startMs }: SimulationOptions) {
    this.#seed = seed;
    this.#rate = rate;
    this.#second = Math.floor(startMs / 1000);
    this.#system = growSystem(ACME, services, seed);
    this.#edges = trueEdges(this.#system);
    this.#nodes = makeNodes(this.#system, seed);
    this.#meter.nowUs = this.#second * 1e6;
    this.#engine = new Engine(this.#nodes, this.#recorder, this.#meter);
    this.#metrics = new MetricsMaker(this.#nodes, this.#meter, this.#outbox, this.#recorder, this.#second * 1e6);
    this.#traffic = new Noise(seed, 'traffic', TRAFFIC_NOISE);
    let sum = 0;
    this.#journeys = this.#system.journeys.map(({ feature, service, operation, weight }) => {
      sum += weight;
      const node = this.#nodes.services.get(service)!;
      return { upTo: sum, feature, node, operation: node.operations.get(operation)! };
    });
  }

  get nowMs(): number {
    return this.#second * 1000;
  }

  advance(untilMs: number): Telemetry {
    const spans: OtlpGroup<OtlpSpan>[] = [];
    const logs: OtlpGroup<OtlpLogRecord>[] = [];
    const metrics: OtlpGroup<OtlpMetric>[] = [];
    const until = Math.floor(untilMs / 1000);
    for (; this.#second < until; this.#second++) {
      this.#simulateSecond(this.#second);
      const second = this.#outbox.take(this.#second);
      spans.push(...second.spans);
      logs.push(...second.logs);
      metrics.push(...second.metrics);
    }
    return { spans, logs, metrics };
  }

  setDetail(detail: Detail): void {
    this.#detail = detail;
    this.#recorder.keepRecords = detail.records;
  }

  addFault(order: FaultOrder): FaultRecord {
    const fault = placeFault(this.#system, this.#nodes, this.#edges, order, `f${this.#faultCount + 1}`, DEFAULT_CUSTOMER);
    this.#faultCount++;
    this.#faults.push(fault);
    if (fault.kind === 'bad-version') this.#rollOut(fault);
    return fault;
  }

  endFault(id: string): boolean {
    const fault = this.#faults.find((candidate) => candidate.id === id);
    if (fault === undefined || fault.endMs <= this.nowMs) return false;
    const ended = { ...fault, endMs: this.nowMs };
    const happened = fault.startMs < this.nowMs;
    replaceFault(this.#nodes, fault, happened ? ended : undefined);
    this.#faults = this.#faults.flatMap((candidate) => (candidate === fault ? (happened ? ended : []) : candidate));
    return true;
  }

  truth(): Truth {
    const nodes = [...trueNodes(this.#system).values()];
    const isService = ({ type }: (typeof nodes)[number]) => type === 'service' || type === 'function';
    return { services: nodes.filter(isService), others: nodes.filter((node) => !isService(node)), edges: this.#edges, templates: trueTemplates(this.#system), faults: this.#faults };
  }

  #simulateSecond(second: number): void {
    const { halvings, records, metricsEverySeconds } = this.#detail;
    if (second % NOISE_STEP_SECONDS === 0) {
      for (const node of allNodes(this.#nodes)) node.noise.step();
      this.#traffic.step();
    }
    const load = season(second * 1000) * this.#traffic.factor;
    this.#engine.load = load;
    const share = 2 ** -halvings;
    const traceState = traceStateOf(halvings);
    this.#random.reseed(this.#seed, second, 0);
    const count = this.#random.poisson(this.#rate * load * share);
    const starts = Array.from({ length: count }, () => this.#random.fraction()).sort((a, b) => a - b);
    for (const [index, start] of starts.entries()) this.#root(second, index + 1, (second + start) * 1e6, halvings, traceState, 1 / share);
    this.#timers(second);
    releaseHeld(this.#engine, this.#request(second, -2, 'catch-up', 0, '', 1), second * 1e6, CATCH_UP);
    if (records) this.#idleLines(second, share);
    this.#meter.tick(second);
    this.#metrics.killFull(second * 1e6);
    if (second % metricsEverySeconds === 0) this.#metrics.make(second * 1e6, (node) => this.#running(node, second * 1e6));
  }

  #request(second: number, index: number, feature: string, halvings: number, traceState: string, weight: number): Request {
    const random = new Random(this.#seed, second, index);
    return { random, traceId: newTraceId(random, halvings), traceState, weight, ...newIdentity(random, feature) };
  }

  #root(second: number, index: number, startUs: number, halvings: number, traceState: string, weight: number): void {
    const request = this.#request(second, index, '', halvings, traceState, weight);
    const drawn = request.random.fraction() * this.#journeys.at(-1)!.upTo;
    const { feature, node, operation } = this.#journeys.find(({ upTo }) => drawn < upTo)!;
    const instance = this.#engine.route(request, node, startUs);
    if (instance === undefined) return;
    const clientIp = `203.0.113.${1 + (request.words[2] % 250)}`;
    this.#engine.serve({ ...request, feature }, node, instance, operation, { startUs, parentSpanId: '', kind: KIND.server, clientIp });
  }

  /** Timers are few, so each run is simulated, however thin the rest is. */
  #timers(second: number): void {
    for (const node of this.#nodes.services.values()) {
      for (const operation of node.service.operations) {
        const { trigger } = operation;
        if (trigger.kind !== 'timer') continue;
        // Each job has its own minute, or they would all start together.
        if ((second + hashText(operation.name)) % trigger.everySeconds !== 0) continue;
        const request = this.#request(second, -3 - (hashText(operation.name) % 1000), 'job', 0, '', 1);
        const startUs = second * 1e6 + 20_000;
        const instance = this.#engine.route(request, node, startUs);
        if (instance !== undefined) this.#engine.serve(request, node, instance, operation, { startUs, parentSpanId: '', kind: KIND.internal, clientIp: '', attributes: { 'job.name': operation.name } });
      }
    }
  }

  #idleLines(second: number, share: number): void {
    const random = new Random(this.#seed, second, -1);
    const often = IDLE_LINES_PER_SECOND * Math.max(share, 1 / 32);
    for (const node of this.#nodes.services.values()) {
      const { idle } = node.service;
      if (idle.length === 0) continue;
      for (const instance of this.#running(node, second * 1e6)) {
        if (!random.chance(often)) continue;
        const { level, text, chance } = random.pick(idle);
        if (!random.chance(chance)) continue;
        const message = fill(text, { random, ...newIdentity(random, ''), ms: random.logNormal(30, 0.7), status: 200, method: 'GET', path: '/', pod: instance.pod });
        this.#recorder.log(instance, { level, message, timeUs: (second + random.fraction()) * 1e6, traceId: '', spanId: '', attributes: {}, exception: '' });
      }
    }
  }

  /** The copies that run at a time. */
  #running(node: ServiceNode, timeUs: number): readonly Instance[] {
    if (node.faults.length === 0) return node.instances;
    if (isDown(node.faults, timeUs)) return [];
    if (activeFault(node.faults, 'bad-version', timeUs) === undefined) return node.instances;
    return node.instances.map((instance, index) => node.replaced[index] ?? instance);
  }

  /** Half of the copies get the new version, as a careful deployment does it. */
  #rollOut(fault: FaultRecord): void {
    const node = this.#nodes.services.get(fault.target.replace(/^service:/, ''))!;
    const version = nextVersion(node.service.version);
    const count = Math.ceil(node.instances.length / 2);
    node.replaced = Array.from({ length: count }, (_, index) => makeInstance(node.service, index, version, this.#nodes.hosts, this.#seed));
  }
}

function nextVersion(version: string): string {
  const [major, minor] = version.split('.');
  return `${major}.${Number(minor) + 1}.0`;
}
