/**
 * How often the verdict of the Overview is wrong: `node bench/verdict-accuracy.ts [--seeds 101,202,303] [--hours 3] [--rate 10] [--faults slow,dead]`.
 *
 * A simulated cloud's spans are counted in memory as the store's tables count them, calls with one end only a minute late, and the real
 * verdict is asked every minute. Without faults every other verdict than ok is a false alarm. Then each kind of fault hits three targets: was
 * it found, after how long, is the symptom one of those who suffer, and is the named cause the broken node?
 */
import { parseArgs } from 'node:util';
import type { OtlpSpan } from '../packages/core/src/otlp-writer.ts';
import { MapSource } from '../packages/server/src/analyze/service-map/map-source.ts';
import { addCounted, emptyCounted, type MutableCounted } from '../packages/server/src/analyze/service-map/service-map.ts';
import { createServiceQueries } from '../packages/server/src/analyze/service-map/service-queries.ts';
import type { RequestStep } from '../packages/server/src/query/services/request-steps.ts';
import type { ServiceReader } from '../packages/server/src/query/services/service-reader.ts';
import { durationBucket } from '../packages/server/src/query/topology/durations.ts';
import type { CallRow, CallTarget, ServiceRow } from '../packages/server/src/query/topology/evidence.ts';
import type { StepRow, TopologyRange, TopologyReader } from '../packages/server/src/query/topology/topology-reader.ts';
import { createSimulation, FAULT_KINDS, type FaultKind, type Simulation, type Truth } from '../packages/simulator/src/index.ts';

const { values: flags } = parseArgs({
  options: { seeds: { type: 'string', default: '1101,1202,1303' }, hours: { type: 'string', default: '3' }, rate: { type: 'string', default: '10' }, faults: { type: 'string', default: FAULT_KINDS.join(',') }, verbose: { type: 'boolean', default: false } },
});
const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const BUCKET_MS = 10_000;
const PAIRED_MS = 15_000;
const UNPAIRED_MS = 75_000;
const FAULT_MS = 6 * MINUTE_MS;
const GAP_MS = 14 * MINUTE_MS;
const START_MS = Date.parse('2026-03-03T09:00:00Z');
/** Three targets of each kind: near to users, in the middle, at the end. */
const TARGETS: Readonly<Record<FaultKind, readonly string[]>> = {
  slow: ['payment', 'catalog', 'orders-db'],
  failing: ['payment', 'catalog', 'cardpay'],
  leaking: ['cart', 'catalog', 'checkout'],
  dead: ['cart', 'payment', 'inventory'],
  cut: ['checkout>inventory', 'checkout>payment', 'shipping>geo'],
  'bad-version': ['checkout', 'catalog', 'api'],
  noisy: ['orders-db', 'catalog-db', 'cart-cache'],
};

interface Cell extends MutableCounted {
  readonly timeMs: number;
}
interface Calls {
  readonly source: string;
  readonly target: CallTarget;
  readonly kind: CallRow['kind'];
  readonly evidence: CallRow['evidence'];
  readonly knownAfterMs: number;
  readonly cells: Cell[];
}
interface Waiting {
  readonly span: OtlpSpan;
  readonly service: string;
  isCalled: boolean;
}

/** What the tables would hold. */
class CountedSpans {
  readonly requests = new Map<string, Cell[]>();
  readonly entries = new Map<string, Cell[]>();
  readonly calls = new Map<string, Calls>();
  readonly versions = new Map<string, { service: string; version: string; firstMs: number; lastMs: number }>();
  #waiting = new Map<string, Waiting>();
  readonly #others: Map<string, CallTarget>;
  readonly #services: ReadonlySet<string>;

  constructor(truth: Truth) {
    this.#services = new Set(truth.services.map(({ name }) => name));
    this.#others = new Map(truth.others.flatMap((node) => [node.name, node.address, node.address.split(':')[0]!, node.namespace].filter((name) => name !== '').map((name) => [`${node.type === 'queue'} ${name}`, { type: node.type, name: node.name, system: node.system }] as const)));
  }

  add(spans: readonly { readonly service: string; readonly version: string; readonly span: OtlpSpan }[]): void {
    const before = this.#waiting;
    this.#waiting = new Map();
    for (const { service, span } of spans) if (span.kind === 3 || span.kind === 4) this.#waiting.set(span.spanId, { span, service, isCalled: false });
    for (const { service, version, span } of spans) {
      const endMs = Number(span.endTimeUnixNano / 1_000_000n);
      const key = `${service} ${version}`;
      const seen = this.versions.get(key) ?? { service, version, firstMs: endMs, lastMs: endMs };
      this.versions.set(key, { ...seen, lastMs: Math.max(seen.lastMs, endMs) });
      if (span.kind !== 2 && span.kind !== 5) continue;
      count(listOf(this.requests, service), span);
      if (!span.parentSpanId) count(listOf(this.entries, service), span);
      const caller = this.#waiting.get(span.parentSpanId ?? '') ?? before.get(span.parentSpanId ?? '');
      if (caller === undefined || caller.span.kind !== 3 || caller.service === service) continue;
      caller.isCalled = true;
      this.#call(caller, { type: 'service', name: service, system: '' }, 'both', PAIRED_MS);
    }
    for (const waiting of before.values()) {
      if (waiting.isCalled) continue;
      const { span } = waiting;
      const attribute = (name: string) => String(span.attributes?.[name] ?? '');
      const isQueue = attribute('messaging.system') !== '';
      const names = [attribute('messaging.destination.name'), attribute('db.namespace'), attribute('db.name'), attribute('server.address'), attribute('net.peer.name'), attribute('peer.service')].filter((name) => name !== '');
      const other = names.map((name) => this.#others.get(`${isQueue} ${name}`)).find((found) => found !== undefined);
      if (other) this.#call(waiting, other, 'named', other.type === 'external' ? UNPAIRED_MS : PAIRED_MS);
      else {
        const name = names.map((text) => text.split(/[.:]/)[0]!).find((text) => this.#services.has(text));
        if (name !== undefined) this.#call(waiting, { type: 'service', name, system: '' }, 'address', UNPAIRED_MS);
      }
    }
  }

  #call({ span, service }: Waiting, target: CallTarget, evidence: CallRow['evidence'], knownAfterMs: number): void {
    const key = `${service} ${target.type}:${target.name} ${evidence}`;
    const known = this.calls.get(key) ?? { source: service, target, kind: target.type === 'queue' ? 'publish' : 'request', evidence, knownAfterMs, cells: [] };
    this.calls.set(key, known);
    count(known.cells, span);
  }
}

function count(cells: Cell[], span: OtlpSpan): void {
  const endMs = Number(span.endTimeUnixNano / 1_000_000n);
  const timeMs = Math.floor(endMs / BUCKET_MS) * BUCKET_MS;
  let cell = cells.findLast((one) => one.timeMs === timeMs);
  if (cell === undefined) cells.push((cell = { timeMs, ...emptyCounted() }));
  cell.calls++;
  if (span.statusCode === 2) cell.errors++;
  const bucket = durationBucket(Number(span.endTimeUnixNano - span.startTimeUnixNano) / 1e6);
  cell.durations.set(bucket, (cell.durations.get(bucket) ?? 0) + 1);
}

function listOf(lists: Map<string, Cell[]>, key: string): Cell[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

const within = (cells: readonly Cell[], startMs: number, endMs: number): MutableCounted => {
  const sum = emptyCounted();
  for (let i = cells.length - 1; i >= 0 && cells[i]!.timeMs >= startMs - MINUTE_MS; i--) if (cells[i]!.timeMs >= Math.floor(startMs / BUCKET_MS) * BUCKET_MS && cells[i]!.timeMs < endMs) addCounted(sum, cells[i]!);
  return sum;
};

/** The readers of the store, over what was counted. */
function readersOf(data: CountedSpans, clock: { nowMs(): number }): { topology: TopologyReader; services: ServiceReader } {
  const seen = ({ startMs, endMs }: TopologyRange) => ({ firstSeenMs: startMs, lastSeenMs: endMs });
  const spans = (range: TopologyRange) => {
    const versions = [...data.versions.values()].filter(({ firstMs, lastMs }) => lastMs >= range.startMs && firstMs < range.endMs);
    const rows = versions.map(({ service, version, firstMs }): ServiceRow => ({ service, version, environment: '', namespace: '', isFunction: false, ...emptyCounted(), firstSeenMs: Math.max(firstMs, range.startMs), lastSeenMs: range.endMs }));
    const counted = [...data.requests].map(([service, cells]): ServiceRow => ({ service, environment: '', namespace: '', version: '', isFunction: false, ...seen(range), ...within(cells, range.startMs, range.endMs) })).filter(({ calls }) => calls > 0);
    const calls = [...data.calls.values()].map(
      ({ source, target, kind, evidence, knownAfterMs, cells }): CallRow => ({
        source: { type: 'service', name: source, system: '' }, target, kind, evidence, sourceVersion: '', targetVersion: '', protocol: '', retries: 0, ...seen(range),
        ...within(cells, range.startMs, Math.min(range.endMs, clock.nowMs() - knownAfterMs)),
      }),
    );
    return { services: [...rows, ...counted], calls: calls.filter((call) => call.calls > 0), entries: [...data.entries].map(([service, cells]) => ({ service, calls: within(cells, range.startMs, range.endMs).calls })), notes: [] };
  };
  const topology = {
    spans: async (range: TopologyRange) => spans(range),
    calls: async (range: TopologyRange) => spans(range),
    everything: async (range: TopologyRange) => ({ ...spans(range), flows: [], listens: [], hostAddresses: [], serviceAddresses: [], declared: [] }),
    async steps({ startMs, endMs, stepMs, names }: TopologyRange & { stepMs: number; names?: readonly string[] }) {
      const rows: StepRow[] = [];
      const wanted = new Set(names);
      for (let timeMs = Math.floor(startMs / stepMs) * stepMs; timeMs < endMs; timeMs += stepMs) {
        for (const [name, cells] of data.requests) if (wanted.has(name)) rows.push({ target: { type: 'service', name, system: '' }, timeMs, ...within(cells, timeMs, timeMs + stepMs) });
        for (const { target, cells } of data.calls.values()) if (wanted.has(target.name) && target.type !== 'service') rows.push({ target, timeMs, ...within(cells, timeMs, timeMs + stepMs) });
      }
      return rows.filter(({ calls }) => calls > 0);
    },
    async requestSteps({ startMs, endMs, fineFromMs }: { startMs: number; endMs: number; fineFromMs: number }) {
      return [...data.requests].flatMap(([service, cells]) => {
        const steps = new Map<number, MutableCounted>();
        for (let i = cells.length - 1; i >= 0 && cells[i]!.timeMs >= startMs - MINUTE_MS; i--) {
          const { timeMs } = cells[i]!;
          if (timeMs < startMs || timeMs >= endMs) continue;
          const stepMs = timeMs >= fineFromMs ? 30_000 : MINUTE_MS;
          const at = Math.floor(timeMs / stepMs) * stepMs;
          const step = steps.get(at) ?? emptyCounted();
          steps.set(at, step);
          addCounted(step, cells[i]!);
        }
        return [...steps].map(([timeMs, counted]): RequestStep => ({ service, environment: '', timeMs, lastSeenMs: timeMs + BUCKET_MS, ...counted }));
      });
    },
    sampler: () => ({ sample: async () => [] }),
  } satisfies TopologyReader;
  const services = { requests: async () => [], trend: async () => [], instances: async () => [] } satisfies ServiceReader;
  return { topology, services };
}

class Trial {
  readonly simulation: Simulation;
  readonly truth: Truth;
  readonly #data: CountedSpans;
  readonly #queries;
  #nowMs: number;

  constructor(seed: number) {
    this.simulation = createSimulation({ seed, rate: Number(flags.rate), startMs: START_MS });
    this.truth = this.simulation.truth();
    this.#data = new CountedSpans(this.truth);
    this.#nowMs = START_MS;
    const clock = { nowMs: () => this.#nowMs };
    const { topology, services } = readersOf(this.#data, clock);
    this.#queries = createServiceQueries({ reader: services, source: new MapSource(topology, clock), clock });
  }

  advance(untilMs: number): void {
    for (; this.#nowMs < untilMs; this.#nowMs += BUCKET_MS) {
      const groups = this.simulation.advance(this.#nowMs + BUCKET_MS).spans;
      this.#data.add(groups.flatMap(({ resource, records }) => records.map((span) => ({ service: String(resource.attributes['service.name']), version: String(resource.attributes['service.version'] ?? ''), span }))));
    }
  }

  async verdict() {
    return (await this.#queries.list({ startMs: this.#nowMs - HOUR_MS, endMs: this.#nowMs })).verdict;
  }
}

const seeds = flags.seeds.split(',').map(Number);
const note = (text: string) => {
  if (flags.verbose) console.log(text);
};

let checks = 0;
let alarms = 0;
let episodes = 0;
for (const seed of Number(flags.hours) > 0 ? seeds : []) {
  const trial = new Trial(seed);
  trial.advance(START_MS + HOUR_MS);
  let wasAlarm = false;
  for (let minute = 1; minute <= Number(flags.hours) * 60; minute++) {
    trial.advance(START_MS + HOUR_MS + minute * MINUTE_MS);
    const { severity, sentence } = await trial.verdict();
    const isAlarm = severity !== 'ok';
    checks++;
    if (isAlarm) alarms++;
    if (isAlarm && !wasAlarm) episodes++;
    if (isAlarm || / now[;,]/.test(sentence)) note(`  ${seed} +${minute} min: ${severity} ${sentence}`);
    wasAlarm = isAlarm;
  }
}
if (checks > 0) console.log(`Without faults: ${episodes} false alarms in ${(checks / 60).toFixed(0)} h of 24 services (${alarms} of ${checks} verdicts), seeds ${seeds.join(', ')}: ${((episodes * 24 * 60) / checks).toFixed(1)} a day`);

const table: Record<string, string>[] = [];
const named = new Map<string, Map<string, number>>();
for (const [index, kind] of (flags.faults === '' ? [] : flags.faults.split(',')).entries()) {
  const trial = new Trial(seeds[index % seeds.length]! + 7);
  trial.advance(START_MS + HOUR_MS);
  for (const target of TARGETS[kind as FaultKind]) {
    const startMs = trial.simulation.nowMs + 5 * SECOND_MS;
    const fault = trial.simulation.addFault({ kind: kind as FaultKind, target, startMs, durationMs: FAULT_MS });
    const victims = new Set(fault.chain.map(([first]) => first!));
    const ends = kind === 'cut' ? new Set([...victims, `service:${target.split('>')[0]}`]) : victims;
    const suffering = new Set(fault.chain.flat().map((id) => id.replace(/^\w+:/, '')));
    let foundMs: number | undefined;
    let causeMs: number | undefined;
    let verdicts = 0;
    let right = 0;
    let rightSymptom = 0;
    const causes = new Map<string, number>();
    for (let atMs = startMs + 15_000; atMs < startMs + FAULT_MS; atMs += 20_000) {
      trial.advance(atMs);
      const verdict = await trial.verdict();
      if (verdict.symptom === null) continue;
      foundMs ??= trial.simulation.nowMs - startMs;
      verdicts++;
      if (suffering.has(verdict.symptom)) rightSymptom++;
      causes.set(verdict.cause ?? 'none', (causes.get(verdict.cause ?? 'none') ?? 0) + 1);
      if (verdict.cause !== null && ends.has(verdict.cause)) {
        right++;
        causeMs ??= trial.simulation.nowMs - startMs;
      }
      note(`  ${kind} ${target} +${Math.round((trial.simulation.nowMs - startMs) / 1000)} s: ${verdict.sentence}`);
    }
    let overMs: number | undefined;
    for (let minute = 1; minute <= GAP_MS / MINUTE_MS; minute++) {
      trial.advance(startMs + FAULT_MS + minute * MINUTE_MS);
      if ((await trial.verdict()).severity === 'ok') overMs ??= trial.simulation.nowMs - startMs - FAULT_MS;
    }
    const after = await trial.verdict();
    note(`  ${kind} ${target} afterwards: ${after.sentence}`);
    const seconds = (ms: number | undefined) => (ms === undefined ? '–' : `${Math.round(ms / 1000)} s`);
    const part = (count: number) => (verdicts === 0 ? '–' : `${Math.round((100 * count) / verdicts)} %`);
    named.set(`${kind} ${target}`, causes);
    table.push({ fault: kind, target, found: seconds(foundMs), 'cause right after': seconds(causeMs), symptom: part(rightSymptom), cause: part(right), 'ok again': seconds(overMs), 'named most': [...causes].sort((a, b) => b[1] - a[1])[0]?.[0] ?? '' });
  }
}
console.table(table);
