import type { OtlpSpan } from '@pitot/core/otlp-writer';
import { describe, expect, it } from 'vitest';
import type { Truth } from '../plan/truth.ts';
import { createSimulation, type Telemetry } from './simulation.ts';

const NOON_MS = Date.UTC(2026, 8, 22, 12);

/** The edges that spans show, found without looking at the plan: parents, addresses and destinations only. */
function edgesOf(telemetry: readonly Telemetry[], truth: Truth): Set<string> {
  const owners = new Map<string, string>();
  const idOfService = new Map(truth.services.map(({ name, id }) => [name, id]));
  const idOfAddress = new Map(truth.others.filter(({ type }) => type !== 'queue').map(({ address, id }) => [address, id]));
  const spans: [service: string, span: OtlpSpan][] = [];
  for (const { spans: groups } of telemetry) {
    for (const { resource, records } of groups) {
      const service = idOfService.get(String(resource.attributes['service.name']))!;
      for (const span of records) {
        owners.set(`${span.traceId}${span.spanId}`, service);
        spans.push([service, span]);
      }
    }
  }
  const edges = new Set<string>();
  for (const [service, span] of spans) {
    const attributes = span.attributes ?? {};
    const topic = attributes['messaging.destination.name'];
    // A caller that is not done yet when the simulation stops has not sent its span.
    const caller = span.kind === 2 && span.parentSpanId !== undefined ? owners.get(span.traceId + span.parentSpanId) : undefined;
    if (caller !== undefined) edges.add(`${caller}→${service}`);
    if (span.kind === 4) edges.add(`${service}→queue:${String(topic)}`);
    if (span.kind === 5) edges.add(`queue:${String(topic)}→${service}`);
    if (span.kind !== 3) continue;
    const address = idOfAddress.get(String(attributes['server.address'] ?? attributes['net.peer.name']));
    if (address !== undefined) edges.add(`${service}→${address}`);
  }
  return edges;
}

const trueEdgeIds = (truth: Truth) => truth.edges.map(({ source, target }) => `${source}→${target}`).sort();

describe('the truth of a simulation', () => {
  it.each([
    [24, 6, 620],
    [60, 7, 620],
    [300, 9, 620],
  ])('has every edge that the spans of %i services show, and no other', (services, rate, seconds) => {
    const simulation = createSimulation({ startMs: NOON_MS, services, rate, seed: 3 });
    const telemetry = [simulation.advance(NOON_MS + seconds * 1000)];
    const truth = simulation.truth();
    expect(truth.services).toHaveLength(services);
    expect([...edgesOf(telemetry, truth)].sort()).toEqual(trueEdgeIds(truth));
  });

  it('knows at least 150 templates, and every line that good times show starts with one of its service', () => {
    const simulation = createSimulation({ startMs: NOON_MS, rate: 10 });
    const { logs } = simulation.advance(NOON_MS + 60_000);
    const { templates } = simulation.truth();
    expect(new Set(templates.map(({ text }) => text)).size).toBeGreaterThanOrEqual(150);
    const patterns = new Map<string, RegExp[]>();
    for (const { service, text } of templates) {
      const source = text.split(/\{[a-z]+\}/).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)).join('[^]*?');
      patterns.set(service, [...(patterns.get(service) ?? []), new RegExp(`^${source}`)]);
    }
    const unknown: string[] = [];
    for (const { resource, records } of logs) {
      const service = String(resource.attributes['service.name']);
      for (const { body } of records) {
        const line = messageOf(String(body));
        if (!line.startsWith('INIT_START') && !patterns.get(service)!.some((pattern) => pattern.test(line))) unknown.push(`${service}: ${line}`);
      }
    }
    expect(logs.length).toBeGreaterThan(500);
    expect(unknown).toEqual([]);
  });
});

function messageOf(body: string): string {
  if (body.startsWith('{')) return (JSON.parse(body) as { msg: string }).msg;
  const logfmt = /^level=\w+ caller=\S+ msg=("(?:[^"\\]|\\.)*")/.exec(body);
  return logfmt === null ? body : (JSON.parse(logfmt[1]!) as string);
}
