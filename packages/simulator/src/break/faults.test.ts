import type { OtlpLogRecord, OtlpSpan } from '@pitot/core/otlp-writer';
import { describe, expect, it } from 'vitest';
import { createSimulation, type Simulation } from '../run/simulation.ts';
import type { FaultOrder } from './faults.ts';

const START_MS = Date.UTC(2026, 8, 22, 12);
const MINUTE_MS = 60_000;

interface Seen {
  readonly simulation: Simulation;
  spans(service: string, name?: string): OtlpSpan[];
  logs(service: string): OtlpLogRecord[];
  gauges(service: string, metric: string): number[];
  readonly versions: ReadonlySet<string>;
}

function watch(order: Omit<FaultOrder, 'startMs' | 'durationMs'> | undefined, minutes = 1.5): Seen {
  const simulation = createSimulation({ startMs: START_MS, rate: 14, seed: 2 });
  if (order !== undefined) simulation.addFault({ ...order, startMs: START_MS, durationMs: 30 * MINUTE_MS });
  const telemetry = simulation.advance(START_MS + minutes * MINUTE_MS);
  const of = <T>(groups: readonly { resource: { attributes: Readonly<Record<string, unknown>> }; records: readonly T[] }[], service: string): T[] =>
    groups.filter(({ resource }) => resource.attributes['service.name'] === service).flatMap(({ records }) => records);
  return {
    simulation,
    spans: (service, name) => of(telemetry.spans, service).filter((span) => name === undefined || span.name === name),
    logs: (service) => of(telemetry.logs, service),
    gauges: (service, metric) => of(telemetry.metrics, service).filter(({ name }) => name === metric).flatMap(({ points }) => points.map(({ value }) => value)),
    versions: new Set(telemetry.spans.map(({ resource }) => `${String(resource.attributes['service.name'])} ${String(resource.attributes['service.version'])}`)),
  };
}

const meanMs = (spans: readonly OtlpSpan[]) => spans.reduce((sum, { startTimeUnixNano, endTimeUnixNano }) => sum + Number(endTimeUnixNano - startTimeUnixNano) / 1e6, 0) / spans.length;
const errorRatio = (spans: readonly OtlpSpan[]) => spans.filter(({ statusCode }) => statusCode === 2).length / spans.length;
const says = (logs: readonly OtlpLogRecord[], text: string) => logs.some(({ body }) => String(body).includes(text));
const usual = watch(undefined);

describe('a fault', () => {
  it('slow: takes longer itself and makes its callers wait, and names itself', () => {
    const seen = watch({ kind: 'slow', target: 'payment' });
    expect(meanMs(seen.spans('payment', 'Charge'))).toBeGreaterThan(2 * meanMs(usual.spans('payment', 'Charge')));
    expect(meanMs(seen.spans('edge-gateway', 'POST /checkout'))).toBeGreaterThan(1.5 * meanMs(usual.spans('edge-gateway', 'POST /checkout')));
    expect(meanMs(seen.spans('edge-gateway', 'GET /search'))).toBeCloseTo(meanMs(usual.spans('edge-gateway', 'GET /search')), 5);
    expect(says(seen.logs('payment'), 'payment provider refused: connection pool exhausted (acquired 50/50, waited 2000 ms)')).toBe(true);
    expect(says(usual.logs('payment'), 'connection pool exhausted')).toBe(false);
  });

  it('failing: errors go up to the callers, with an exception where they began', () => {
    const seen = watch({ kind: 'failing', target: 'pricing', intensity: 0.5 });
    const quotes = seen.spans('pricing', 'Quote');
    expect(errorRatio(quotes)).toBeGreaterThan(0.4);
    expect(errorRatio(quotes)).toBeLessThan(0.6);
    expect(errorRatio(seen.spans('catalog', 'GET /products/{id}'))).toBeGreaterThan(0.1);
    const failed = quotes.find(({ statusCode }) => statusCode === 2)!;
    expect(failed.events?.[0]).toMatchObject({ name: 'exception', attributes: { 'exception.type': 'ServiceFault' } });
    expect(says(seen.logs('pricing'), 'lost its lease on shard')).toBe(true);
  });

  it('leaking: memory grows until the copy is killed and begins anew', () => {
    const seen = watch({ kind: 'leaking', target: 'catalog', intensity: 20 }, 2.5);
    const usualMemory = Math.max(...usual.gauges('catalog', 'process.memory.usage'));
    expect(Math.max(...seen.gauges('catalog', 'process.memory.usage'))).toBeGreaterThan(1.6 * usualMemory);
    expect(says(seen.logs('catalog'), 'heap is nearly full')).toBe(true);
    expect(Math.max(...seen.gauges('catalog', 'k8s.container.restarts'))).toBeGreaterThanOrEqual(1);
  });

  it('dead: no spans, and callers are refused', () => {
    const seen = watch({ kind: 'dead', target: 'inventory' });
    expect(seen.spans('inventory')).toEqual([]);
    expect(seen.gauges('inventory', 'process.memory.usage')).toEqual([]);
    const calls = seen.spans('checkout', 'inventory/Reserve');
    expect(calls.length).toBeGreaterThan(5);
    expect(calls.every(({ attributes }) => attributes?.['error.type'] === 'ECONNREFUSED')).toBe(true);
    expect(says(seen.logs('checkout'), 'connect ECONNREFUSED inventory')).toBe(true);
  });

  it('dead consumer: works off what waited once it is back', () => {
    const seen = watch({ kind: 'dead', target: 'email-worker' });
    expect(seen.spans('email-worker')).toEqual([]);
    expect(seen.simulation.endFault('f1')).toBe(true);
    const after = seen.simulation.advance(START_MS + 2.5 * MINUTE_MS);
    const worked = after.spans.filter(({ resource }) => resource.attributes['service.name'] === 'email-worker').flatMap(({ records }) => records.filter(({ kind }) => kind === 5));
    expect(worked.length).toBeGreaterThan(usual.spans('email-worker', 'process emails').length);
  });

  it('cut: only this edge times out', () => {
    const seen = watch({ kind: 'cut', target: 'checkout>pricing' });
    const calls = seen.spans('checkout', 'pricing/QuoteMany');
    expect(calls.length).toBeGreaterThan(5);
    expect(calls.every(({ attributes }) => attributes?.['error.type'] === 'timeout')).toBe(true);
    expect(meanMs(calls)).toBeCloseTo(2000, 0);
    expect(errorRatio(seen.spans('checkout', 'shipping/Quote'))).toBeLessThan(0.05);
    expect(errorRatio(seen.spans('catalog', 'pricing/QuoteMany'))).toBeLessThan(0.05);
  });

  it('bad version: a second version runs, and fails for one customer only', () => {
    const seen = watch({ kind: 'bad-version', target: 'catalog', customer: 'northwind', intensity: 1 });
    expect([...seen.versions].filter((version) => version.startsWith('catalog '))).toHaveLength(2);
    const failed = seen.spans('catalog').filter(({ kind, attributes }) => kind === 2 && attributes?.['error.type'] === 'SettingsError');
    expect(failed.length).toBeGreaterThan(20);
    expect(new Set(failed.map(({ attributes }) => attributes?.['customer.id']))).toEqual(new Set(['northwind']));
  });

  it('noisy neighbour: a database is slow for all who use it', () => {
    const seen = watch({ kind: 'noisy', target: 'orders-db' });
    for (const [service, statement] of [['orders', 'SELECT orders'], ['payment', 'INSERT payments'], ['webhooks', 'INSERT webhook_events']] as const) {
      expect(meanMs(seen.spans(service, statement))).toBeGreaterThan(4 * meanMs(usual.spans(service, statement)));
    }
    expect(meanMs(seen.spans('auth', 'SELECT sessions'))).toBeLessThan(2 * meanMs(usual.spans('auth', 'SELECT sessions')));
    expect(says(seen.logs('orders'), 'orders-db connection pool exhausted')).toBe(true);
  });

  it('leaves the requests alone that it does not touch', () => {
    const seen = watch({ kind: 'failing', target: 'shipping', intensity: 1 }, 1);
    const whole = (spans: readonly OtlpSpan[]) => spans.filter(({ startTimeUnixNano }) => startTimeUnixNano < BigInt(START_MS + 50_000) * 1_000_000n).map(({ spanId }) => spanId).sort();
    expect(whole(seen.spans('edge-gateway', 'GET /search'))).toEqual(whole(usual.spans('edge-gateway', 'GET /search')));
  });

  it('says in the truth whom it reaches and by which lines', () => {
    const { faults } = watch({ kind: 'slow', target: 'payment' }, 0).simulation.truth();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ id: 'f1', kind: 'slow', target: 'payment', intensity: 8 });
    expect(faults[0]!.chain).toContainEqual(['service:payment', 'service:checkout', 'service:web-bff', 'service:edge-gateway']);
    expect(faults[0]!.symptom).toContain('edge-gateway');
    expect(faults[0]!.lines).toEqual([{ service: 'payment', text: expect.stringContaining('payment provider refused: connection pool exhausted') }]);
  });

  it.each([
    [{ kind: 'slow', target: 'paymnt' }, /there is no "paymnt".*payment/],
    [{ kind: 'leaking', target: 'orders-db' }, /leaking is for services/],
    [{ kind: 'cut', target: 'checkout' }, /cut needs two names/],
    [{ kind: 'cut', target: 'search>payment' }, /search does not call payment/],
    [{ kind: 'slow', target: 'payment', intensity: -1 }, /intensity/],
  ] as const)('%j is refused in plain words', (order, problem) => {
    expect(() => watch(order, 0)).toThrow(problem);
  });
});
