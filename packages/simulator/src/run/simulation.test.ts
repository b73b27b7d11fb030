import { writeLogsRequest, writeMetricsRequest, writeTracesRequest } from '@pitot/core/otlp-writer';
import { describe, expect, it } from 'vitest';
import { createSimulation, LIVE, type Telemetry } from './simulation.ts';
import { newTraceId, traceStateOf } from './request.ts';
import { Random } from './random.ts';
import { season } from './season.ts';

const START_MS = Date.UTC(2026, 8, 22, 12);
const HOUR_MS = 3_600_000;

function bytes(telemetry: readonly Telemetry[]): Buffer {
  return Buffer.concat([
    writeTracesRequest(telemetry.flatMap(({ spans }) => spans)),
    writeLogsRequest(telemetry.flatMap(({ logs }) => logs)),
    writeMetricsRequest(telemetry.flatMap(({ metrics }) => metrics)),
  ]);
}

const spansIn = (telemetry: Telemetry) => telemetry.spans.flatMap(({ records }) => records);

describe('a simulation', () => {
  it('sends the same bytes for the same seed, in whatever steps', () => {
    const [one, two] = [createSimulation({ startMs: START_MS, seed: 5, rate: 15 }), createSimulation({ startMs: START_MS, seed: 5, rate: 15 })];
    for (const simulation of [one, two]) simulation.addFault({ kind: 'slow', target: 'payment', startMs: START_MS + 4000, durationMs: 5000 });
    const whole = bytes([one.advance(START_MS + 20_000)]);
    const parts = [700, 1500, 9999, 10_001, 20_000].map((offset) => two.advance(START_MS + offset));
    expect(whole.length).toBeGreaterThan(1_000_000);
    expect(bytes(parts).equals(whole)).toBe(true);
  });

  it('sends other bytes for another seed', () => {
    const [one, two] = [1, 2].map((seed) => bytes([createSimulation({ startMs: START_MS, seed }).advance(START_MS + 3000)]));
    expect(one!.equals(two!)).toBe(false);
  });

  it('has records wait until they are over', () => {
    const simulation = createSimulation({ startMs: START_MS, rate: 10 });
    for (let second = 1; second <= 5; second++) {
      const untilNano = BigInt(START_MS + second * 1000) * 1_000_000n;
      // A clock that is ahead may date a record up to its skew after the end.
      expect(spansIn(simulation.advance(START_MS + second * 1000)).every(({ endTimeUnixNano }) => endTimeUnixNano <= untilNano + 10_000_000n)).toBe(true);
    }
  });

  it('makes one service speak the old conventions and sends secrets to be redacted', () => {
    const { spans, logs } = createSimulation({ startMs: START_MS }).advance(START_MS + 30_000);
    const reviews = spans.filter(({ resource }) => resource.attributes['service.name'] === 'reviews').flatMap(({ records }) => records);
    expect(reviews.some(({ attributes }) => attributes?.['http.status_code'] === 200)).toBe(true);
    expect(reviews.every(({ attributes }) => attributes?.['http.request.method'] === undefined)).toBe(true);
    const text = logs.flatMap(({ records }) => records.map(({ body }) => String(body))).join('\n');
    for (const secret of [/4242 4242 4242 4242/, /eyJhbGciOiJIUzI1NiJ9\.\S+\./, /sk_live_/, /\S+@\S+\.example/]) expect(text).toMatch(secret);
  });

  it('upscales metrics and says the weight of spans where it is thinned', () => {
    const requests = (halvings: number) => {
      const simulation = createSimulation({ startMs: START_MS, rate: 12 });
      simulation.setDetail({ ...LIVE, halvings });
      const telemetry = simulation.advance(START_MS + 240_000);
      const last = telemetry.metrics.filter(({ resource }) => resource.attributes['service.name'] === 'edge-gateway').slice(-3);
      const total = last.flatMap(({ records }) => records.filter(({ name }) => name === 'http.server.request.duration').flatMap(({ points }) => points.flatMap(({ bucketCounts }) => bucketCounts ?? [])));
      return { spans: spansIn(telemetry), counted: total.reduce((sum, count) => sum + count, 0) };
    };
    const [full, thin] = [requests(0), requests(3)];
    expect(thin.spans.length).toBeLessThan(full.spans.length / 5);
    expect(thin.counted / full.counted).toBeGreaterThan(0.8);
    expect(thin.counted / full.counted).toBeLessThan(1.2);
    const states = new Set(thin.spans.map(({ traceState }) => traceState));
    expect(states).toContain('ot=th:e');
  });

  it('draws trace ids that the sampling it claims would have kept', () => {
    const random = new Random(1);
    for (const [halvings, threshold] of [[1, '8'], [3, 'e'], [6, 'fc'], [7, 'fe'], [9, 'ff8']] as const) {
      expect(traceStateOf(halvings)).toBe(`ot=th:${threshold}`);
      for (let i = 0; i < 50; i++) {
        const id = newTraceId(random, halvings);
        expect(id).toMatch(/^[0-9a-f]{32}$/);
        expect(id.slice(18) >= threshold.padEnd(14, '0')).toBe(true);
      }
    }
  });
});

describe('the seasons', () => {
  it('have a quiet night, a busy evening, a quieter weekend and a mean of one', () => {
    const monday = Date.UTC(2026, 8, 21);
    const hours = Array.from({ length: 168 }, (_, hour) => season(monday + hour * HOUR_MS));
    const day = (index: number) => hours.slice(index * 24, index * 24 + 24).reduce((sum, load) => sum + load, 0) / 24;
    expect(hours.reduce((sum, load) => sum + load, 0) / 168).toBeCloseTo(1, 1);
    expect(hours[3]!).toBeLessThan(hours[20]! * 0.5);
    expect(day(6)).toBeLessThan(day(1) * 0.9);
    expect(Math.min(...hours)).toBeGreaterThan(0.2);
  });
});
