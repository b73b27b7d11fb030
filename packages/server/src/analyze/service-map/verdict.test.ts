import type { ServiceSummary } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import type { RequestStep } from '../../query/services/request-steps.ts';
import { call, counts, NO_EVIDENCE, service } from './fixtures/evidence.ts';
import { buildMap } from './map-builder.ts';
import { quietVerdict, silentVerdict, symptomOf, troubledVerdict } from './verdict.ts';
import { quietPeriod, watchOf } from './watch.ts';

const MINUTE_MS = 60_000;
const END_MS = Date.parse('2026-03-01T14:00:00Z');
const asked = { startMs: END_MS - 60 * MINUTE_MS, endMs: END_MS };
type Trouble = readonly [from: string, to: string, calls: number, errors: number];

/** 120 requests a minute, but where a trouble says otherwise. */
function steps(name: string, troubles: readonly Trouble[] = []): RequestStep[] {
  return Array.from({ length: 120 }, (_, i): RequestStep => {
    const timeMs = END_MS - (120 - i) * MINUTE_MS;
    const time = new Date(timeMs).toISOString().slice(11, 16);
    const [, , calls, errors] = troubles.find(([from, to]) => time >= from && time < to) ?? ['', '', 120, 0];
    return { service: name, environment: '', timeMs, lastSeenMs: timeMs + MINUTE_MS, ...counts(calls, errors) };
  }).filter(({ calls }) => calls > 0);
}
const watched = (...rows: RequestStep[][]) => watchOf(rows.flat(), asked, { startMs: END_MS - 120 * MINUTE_MS, endMs: END_MS }, END_MS);
const summary = (name: string, health: ServiceSummary['health'] = 'healthy'): ServiceSummary => ({
  service: name, environment: '', versions: [], language: '', instances: 1, health, reason: '', previous: null, calls_trend: [], error_trend: [], last_seen: '',
  red: { calls: 7200, calls_per_second: 2, errors: 0, error_ratio: 0, p50_ms: 1, p95_ms: 1, p99_ms: 1 },
});
const MAP = buildMap({ ...NO_EVIDENCE, services: ['web', 'api', 'pay', 'mail'].map((name) => service(name)), calls: [call('web', 'api'), call('api', 'pay'), call('web', 'mail')], entries: [{ service: 'web', calls: 1000 }] });
const now = (errors: number): Trouble[] => [['13:57', '14:00', 120, errors]];

describe('the verdict', () => {
  it('tells of a past trouble as past', () => {
    const watch = watched(steps('web'), steps('pay', [['13:28', '13:34', 120, 12]]));
    expect(quietVerdict([summary('web'), summary('pay')], watch, 3_600_000, END_MS)).toEqual({ severity: 'ok', sentence: 'All 2 services are healthy now; pay failed 10 % of its requests from 13:28 to 13:34 UTC.', symptom: null, cause: null });
    expect(quietVerdict([summary('web')], watched(steps('web')), 3_600_000, END_MS).sentence).toBe('web is healthy: 2 requests/s, 0 % errors in the last hour.');
  });

  it('has for a symptom the one nearest to users of those the trouble reaches', () => {
    const watch = watched(steps('web', now(10)), steps('api', now(30)), steps('pay', now(60)), steps('mail', now(5)));
    const found = symptomOf(watch, MAP)!;
    expect([found.symptom.service, found.worst.service]).toEqual(['web', 'pay']);
    const verdict = troubledVerdict(found, { node: 'service:web', sentence: '', causes: [{ node: 'service:pay', score: 0.9, reasons: [], path: [], began: null, trace_id: null }] }, (id) => id.slice(8), END_MS);
    expect(verdict).toEqual({ severity: 'critical', sentence: 'web is failing 8.3 % of its requests since 13:57 UTC; pay is the cause.', symptom: 'web', cause: 'service:pay' });
    expect(troubledVerdict(found, undefined, String, END_MS)).toMatchObject({ sentence: expect.stringContaining('; pay is the likeliest cause.') as string, cause: 'service:pay' });
  });

  it('does not climb through callers that are well, and needs no map', () => {
    const watch = watched(steps('web'), steps('api'), steps('pay', now(60)));
    expect(symptomOf(watch, MAP)!.symptom.service).toBe('pay');
    expect(symptomOf(watch, undefined)!.symptom.service).toBe('pay');
    expect(symptomOf(watched(steps('web')), MAP)).toBeUndefined();
  });

  it('says that a service gets nothing any more, failures of others before it', () => {
    const stop: Trouble[] = [['13:57', '14:00', 0, 0]];
    const watch = watched(steps('web'), steps('pay', stop));
    expect(silentVerdict(watch, END_MS)).toBeUndefined();
    expect(troubledVerdict(symptomOf(watch, MAP)!, undefined, String, END_MS).sentence).toMatch(/^pay has got no requests since 13:57 UTC, 2 a second before, while others do/);
    expect(symptomOf(watched(steps('web', now(30)), steps('pay', stop)), MAP)!.worst.service).toBe('web');
  });

  it('says that nothing comes at all', () => {
    const stop: Trouble[] = [['13:57', '14:00', 0, 0]];
    expect(silentVerdict(watched(steps('web', stop), steps('pay', stop)), END_MS)).toMatchObject({ severity: 'critical', sentence: expect.stringMatching(/^No service has received a request since 13:57 UTC; 4 a second came before\./) as string });
  });
});

describe('what a trouble is compared with', () => {
  it('is a time without another one', () => {
    const watch = watched(steps('web', [['13:40', '13:50', 120, 60], ['13:57', '14:00', 120, 60]]));
    const period = quietPeriod(watch, END_MS - 3 * MINUTE_MS, 30 * MINUTE_MS);
    expect([period.endMs, period.startMs]).toEqual([Date.parse('2026-03-01T13:39:00Z'), Date.parse('2026-03-01T13:09:00Z')]);
    expect(quietPeriod(watched(steps('web')), END_MS, 30 * MINUTE_MS)).toEqual({ startMs: END_MS - 30 * MINUTE_MS, endMs: END_MS });
  });
});
