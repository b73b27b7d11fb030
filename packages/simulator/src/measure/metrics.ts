import type { OtlpMetric, OtlpPoint } from '@pitot/core/otlp-writer';
import { activeFault, memoryFill } from '../break/effects.ts';
import type { Language, Store, Topic } from '../plan/system.ts';
import type { Instance } from '../run/instances.ts';
import type { ServiceNode } from '../run/nodes.ts';
import { nanoseconds } from '../run/recorder.ts';
import { DURATION_BOUNDS, type DurationSeries, type InstanceLoad } from './load-meter.ts';

const MIB = 1024 * 1024;
const USUAL_MEMORY_MIB: Readonly<Record<Language, number>> = { java: 640, nodejs: 190, go: 70, python: 230, ruby: 260 };
/** Memory limit as a multiple of the usual level. */
const MEMORY_LIMIT = 2.2;
const POOL_SIZE = 50;
const KERNEL_SHARE = 0.18;
const PROCESS_IDLE_CORES = 0.01;

export interface Moment {
  readonly timeUs: number;
  /** Since metrics were made last. */
  readonly sinceSeconds: number;
  /** Between -1 and 1, smooth in time: what makes a gauge breathe. */
  readonly breath: number;
}

/** What the SDK in one copy reports. Resets the recent counts of the load. */
export function instanceMetrics(node: ServiceNode, instance: Instance, load: InstanceLoad, { timeUs, sinceSeconds, breath }: Moment): OtlpMetric[] {
  const time = { timeUnixNano: nanoseconds(timeUs) };
  const since = { ...time, startTimeUnixNano: nanoseconds(load.startedUs) };
  const gauge = (name: string, unit: string, ...points: Omit<OtlpPoint, 'timeUnixNano'>[]): OtlpMetric => ({ name, unit, type: 'gauge', points: points.map((point) => ({ ...time, ...point })) });
  const memory = memoryOf(node, instance, timeUs, breath);
  load.cpuSeconds += PROCESS_IDLE_CORES * sinceSeconds * (1.2 + breath * 0.3);
  const busy = load.recentSeconds / sinceSeconds;
  const cores = ((load.cpuSeconds - load.cpuSecondsBefore) / sinceSeconds) * (1 + 0.05 * breath);
  load.cpuSecondsBefore = load.cpuSeconds;
  const metrics: OtlpMetric[] = [
    {
      name: 'process.cpu.time',
      unit: 's',
      type: 'sum',
      points: [
        { ...since, attributes: { 'cpu.mode': 'user' }, value: load.cpuSeconds * (1 - KERNEL_SHARE) },
        { ...since, attributes: { 'cpu.mode': 'system' }, value: load.cpuSeconds * KERNEL_SHARE },
      ],
    },
    gauge('process.cpu.utilization', '1', { value: Math.max(0, cores) }),
    gauge('process.memory.usage', 'By', { value: Math.round(memory) }),
    gauge('k8s.container.restarts', '{restart}', { value: load.restarts }),
    ...runtimeMetrics(node.service.language, memory, busy, breath, gauge),
    ...durationMetrics(load, since),
    gauge('http.server.active_requests', '{request}', { value: Math.round(busy) }),
  ];
  if (load.pools.size > 0) metrics.push(...poolMetrics(load, sinceSeconds, gauge));
  load.recentRequests = 0;
  load.recentSeconds = 0;
  return metrics;
}

function memoryOf({ service, faults }: ServiceNode, { index }: Instance, timeUs: number, breath: number): number {
  const usual = USUAL_MEMORY_MIB[service.language] * MIB * (1 + 0.06 * breath);
  const leak = activeFault(faults, 'leaking', timeUs);
  return leak === undefined ? usual : usual + memoryFill(leak, timeUs, index) * (MEMORY_LIMIT - 1) * USUAL_MEMORY_MIB[service.language] * MIB;
}

type Gauge = (name: string, unit: string, ...points: Omit<OtlpPoint, 'timeUnixNano'>[]) => OtlpMetric;

function runtimeMetrics(language: Language, memory: number, busy: number, breath: number, gauge: Gauge): OtlpMetric[] {
  switch (language) {
    case 'java':
      return [
        gauge('jvm.memory.used', 'By', { attributes: { 'jvm.memory.type': 'heap' }, value: Math.round(memory * 0.7) }, { attributes: { 'jvm.memory.type': 'non_heap' }, value: Math.round(memory * 0.2) }),
        gauge('jvm.thread.count', '{thread}', { value: Math.round(48 + busy * 2 + 3 * breath) }),
      ];
    case 'nodejs':
      return [gauge('nodejs.eventloop.delay.p99', 's', { value: 0.011 + 0.002 * breath + busy * 0.0015 }), gauge('v8js.memory.heap.used', 'By', { value: Math.round(memory * 0.55) })];
    case 'go':
      return [gauge('go.goroutine.count', '{goroutine}', { value: Math.round(34 + busy * 3 + 4 * breath) }), gauge('go.memory.used', 'By', { value: Math.round(memory * 0.8) })];
    case 'python':
    case 'ruby':
      return [gauge('process.thread.count', '{thread}', { value: Math.round(12 + Math.min(20, busy)) })];
  }
}

const DURATION_NAMES = { http: 'http.server.request.duration', grpc: 'rpc.server.call.duration', message: 'messaging.process.duration', timer: 'job.duration' } as const;

function durationMetrics(load: InstanceLoad, since: Pick<OtlpPoint, 'timeUnixNano' | 'startTimeUnixNano'>): OtlpMetric[] {
  const points = new Map<string, OtlpPoint[]>();
  for (const series of load.durations.values()) {
    const name = DURATION_NAMES[series.operation.trigger.kind];
    // Copied: the counts go on growing before the request is written.
    const point = { ...since, attributes: attributesOf(series), value: series.sum, bounds: DURATION_BOUNDS, bucketCounts: [...series.buckets] };
    const known = points.get(name);
    if (known === undefined) points.set(name, [point]);
    else known.push(point);
  }
  return Array.from(points, ([name, of]) => ({ name, unit: 's', type: 'histogram' as const, points: of }));
}

function attributesOf({ operation, method, route, status }: DurationSeries): Record<string, string | number> {
  switch (operation.trigger.kind) {
    case 'http':
      return { 'http.request.method': method, 'http.route': route, 'http.response.status_code': status };
    case 'grpc':
      return { 'rpc.system': 'grpc', 'rpc.method': operation.name, 'rpc.response.status_code': status === 200 ? 'OK' : String(status) };
    case 'message':
      return { 'messaging.destination.name': operation.trigger.topic, ...(status >= 400 && { 'error.type': String(status) }) };
    case 'timer':
      return { 'job.name': operation.name, ...(status >= 400 && { 'error.type': String(status) }) };
  }
}

function poolMetrics(load: InstanceLoad, sinceSeconds: number, gauge: Gauge): OtlpMetric[] {
  const counts: Omit<OtlpPoint, 'timeUnixNano'>[] = [];
  const sizes: Omit<OtlpPoint, 'timeUnixNano'>[] = [];
  for (const [{ name }, pool] of load.pools) {
    const used = Math.min(POOL_SIZE, Math.round(pool.seconds / sinceSeconds));
    pool.seconds = 0;
    counts.push({ attributes: { 'db.client.connection.pool.name': name, 'db.client.connection.state': 'used' }, value: used }, { attributes: { 'db.client.connection.pool.name': name, 'db.client.connection.state': 'idle' }, value: Math.max(0, 10 - used) });
    sizes.push({ attributes: { 'db.client.connection.pool.name': name }, value: POOL_SIZE });
  }
  return [gauge('db.client.connection.count', '{connection}', ...counts), gauge('db.client.connection.max', '{connection}', ...sizes)];
}

/** What an exporter beside the broker reports of a topic. */
export function topicMetrics({ name, system }: Topic, waiting: readonly (readonly [group: string, messages: number])[], timeUs: number): OtlpMetric[] {
  const timeUnixNano = nanoseconds(timeUs);
  if (system === 'aws_sqs') {
    return [{ name: 'aws.sqs.approximate_number_of_messages_visible', unit: '{message}', type: 'gauge', points: [{ timeUnixNano, attributes: { 'messaging.destination.name': name }, value: waiting.reduce((sum, [, messages]) => sum + messages, 0) }] }];
  }
  return [{ name: 'kafka.consumer_group.lag', unit: '{message}', type: 'gauge', points: waiting.map(([group, value]) => ({ timeUnixNano, attributes: { 'messaging.destination.name': name, 'messaging.consumer.group.name': group }, value })) }];
}

/** What an exporter beside a database or cache reports. */
export function storeMetrics({ name, system }: Store, total: { readonly queries: number; readonly startedUs: number }, busy: number, breath: number, timeUs: number): OtlpMetric[] {
  const timeUnixNano = nanoseconds(timeUs);
  const attributes = { 'db.system.name': system, 'db.name': name };
  return [
    { name: 'db.server.operations', unit: '{operation}', type: 'sum', points: [{ timeUnixNano, startTimeUnixNano: nanoseconds(total.startedUs), attributes, value: total.queries }] },
    { name: 'db.server.connections', unit: '{connection}', type: 'gauge', points: [{ timeUnixNano, attributes, value: Math.round(14 + busy * 1.3 + breath * 2) }] },
  ];
}
