import type { SystemCriticalPathAnswer, TraceAnswer } from '@pitot/core';
import type { TraceSampler } from '../../query/topology/trace-sampler.ts';
import type { TroubledTrace } from './causes.ts';
import type { Period } from './periods.ts';
import { adjacencyOf, type ServiceMap } from './service-map.ts';
import type { TroubleKind } from './trouble.ts';
import { milliseconds, percent } from './wording.ts';

const MOST_TRACES = 200;
const MOST_STEPS = 50;
const TROUBLED_TRACES = 20;

export interface Sample extends Period {
  readonly environment?: string;
  readonly service: string;
}

/** Where the time of a service's requests goes: critical time by node and operation, over a sample of its traces. */
export async function systemCriticalPath(traces: TraceSampler, map: ServiceMap, id: string, sample: Sample, signal?: AbortSignal): Promise<SystemCriticalPathAnswer> {
  const found = await sampled(traces, sample, requests(sample.service), 'recent', MOST_TRACES, signal);
  const nodeOf = nodeOfSpans(map);
  const steps = new Map<string, { node: string; operation: string; us: number }>();
  let counted = 0;
  let totalUs = 0;
  for (const trace of found) {
    const within = subtrees(trace, sample.service);
    if (within.size === 0) continue;
    counted++;
    const spans = new Map(trace.spans.map((span) => [span.span_id, span]));
    for (const { span_id, start_us, end_us } of trace.critical_path) {
      const span = spans.get(span_id);
      if (span === undefined || !within.has(span_id)) continue;
      const node = nodeOf(span);
      const key = `${node}\u{0}${span.operation}`;
      const step = steps.get(key) ?? { node, operation: span.operation, us: 0 };
      steps.set(key, step);
      step.us += end_us - start_us;
      totalUs += end_us - start_us;
    }
  }
  const sorted = [...steps.values()].sort((a, b) => b.us - a.us).slice(0, MOST_STEPS);
  const answer = sorted.map(({ node, operation, us }) => ({ node, operation, share: Number((us / Math.max(1, totalUs)).toFixed(4)), mean_ms: Number((us / 1000 / counted).toPrecision(4)) }));
  return { node: id, traces: counted, sentence: pathSentence(map, sample.service, counted, totalUs, answer), steps: answer };
}

function pathSentence(map: ServiceMap, service: string, traces: number, totalUs: number, steps: SystemCriticalPathAnswer['steps']): string {
  const [first] = steps;
  if (!first) return `No trace of ${service} was found in this range.`;
  return `A request to ${service} takes ${milliseconds(totalUs / 1000 / traces)} on average; ${percent(first.share)} of that is ${map.nodes.get(first.node)?.name ?? first.node} in ${first.operation} (${traces} trace${traces === 1 ? '' : 's'}).`;
}

/** Failed or slow requests of a service with the node that explains each. */
export async function troubledTraces(traces: TraceSampler, map: ServiceMap, sample: Sample, kind: TroubleKind, signal?: AbortSignal): Promise<TroubledTrace[]> {
  const query = kind === 'failing' ? `service:${quoted(sample.service)} status:error` : requests(sample.service);
  const found = await sampled(traces, sample, query, kind === 'failing' ? 'recent' : 'duration', TROUBLED_TRACES, signal);
  const nodeOf = nodeOfSpans(map);
  return found.flatMap((trace): TroubledTrace[] => {
    const origin = kind === 'failing' ? trace.spans.find(({ span_id }) => span_id === trace.error_origin?.span_id) : slowest(trace);
    return origin === undefined ? [] : [{ traceId: trace.trace_id, origin: nodeOf(origin) }];
  });
}

/** The span with the most critical time of its own. */
function slowest({ spans, critical_path: path }: TraceAnswer): TraceAnswer['spans'][number] | undefined {
  const us = new Map<string, number>();
  for (const { span_id, start_us, end_us } of path) us.set(span_id, (us.get(span_id) ?? 0) + end_us - start_us);
  const [most] = [...us].sort((a, b) => b[1] - a[1]);
  return most && spans.find(({ span_id }) => span_id === most[0]);
}

/** A client's span without one of the called side stands for what it calls; any other for its service. */
function nodeOfSpans(map: ServiceMap): (span: TraceAnswer['spans'][number]) => string {
  const { outgoing } = adjacencyOf(map);
  const services = new Map([...map.nodes.values()].filter(({ type }) => type === 'service' || type === 'function').map(({ id, name }) => [name, id]));
  return ({ service, kind, peer }) => {
    const id = services.get(service) ?? `service:${service}`;
    if ((kind !== 'client' && kind !== 'producer') || peer === '') return id;
    const called = (outgoing.get(id) ?? []).map(({ target }) => map.nodes.get(target)!).find(({ name }) => name.toLowerCase() === peer.toLowerCase());
    return called?.id ?? id;
  };
}

/** The spans at and below the service's own. */
function subtrees({ spans }: TraceAnswer, service: string): Set<string> {
  const within = new Set<string>();
  for (const { span_id, parent_id, service: name, kind } of spans) {
    if (within.has(parent_id) || (name === service && (kind === 'server' || kind === 'consumer' || parent_id === ''))) within.add(span_id);
  }
  return within;
}

function requests(service: string): string {
  return `service:${quoted(service)} kind:(server OR consumer)`;
}

function quoted(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, '\\$&')}"`;
}

function sampled(traces: TraceSampler, { startMs, endMs, environment }: Sample, query: string, sort: 'recent' | 'duration', limit: number, signal?: AbortSignal): Promise<TraceAnswer[]> {
  return traces.sample({ startMs, endMs, query, sort, limit, ...(environment !== undefined && { environment }) }, signal);
}
