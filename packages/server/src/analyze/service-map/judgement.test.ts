import { describe, expect, it } from 'vitest';
import { counts } from './fixtures/evidence.ts';
import { judge, type StepCounts } from './judgement.ts';
import { addCounted, emptyCounted } from './service-map.ts';

const MINUTE_MS = 60_000;
const END_MS = Date.parse('2026-03-01T14:00:00Z');
const at = (time: string) => Date.parse(`2026-03-01T${time}Z`);
interface Part {
  readonly from: string;
  readonly to: string;
  /** Of a minute's requests. */
  readonly errors?: number;
  /** Of a minute's requests, so many last 900 ms. */
  readonly slow?: number;
  readonly calls?: number;
}

/** A service with so many requests a minute for two hours: one in fifty fails, one in twenty-five lasts 80 ms, the others 10. */
function steps(parts: readonly Part[], perMinute = 60): StepCounts[] {
  const found: StepCounts[] = [];
  for (let timeMs = END_MS - 120 * MINUTE_MS; timeMs < END_MS; ) {
    const lengthMs = timeMs >= END_MS - 15 * MINUTE_MS ? MINUTE_MS / 2 : MINUTE_MS;
    const part = parts.find(({ from, to }) => timeMs >= at(from) && timeMs < at(to));
    const share = lengthMs / MINUTE_MS;
    const calls = (part?.calls ?? perMinute) * share;
    const counted = emptyCounted();
    const slow = Math.min(calls, (part?.slow ?? 0) * share);
    addCounted(counted, counts(calls - slow - (calls - slow) / 25, part?.errors === undefined ? calls / 50 : part.errors * share));
    addCounted(counted, counts((calls - slow) / 25, 0, 80));
    addCounted(counted, counts(slow, 0, 900));
    if (calls > 0) found.push({ timeMs, ...counted });
    timeMs += lengthMs;
  }
  return found;
}
const judged = (parts: readonly Part[], perMinute?: number, endMs = END_MS) => judge(steps(parts, perMinute).filter(({ timeMs }) => timeMs < endMs), { startMs: END_MS - 60 * MINUTE_MS, endMs }, endMs);

describe('a service is judged by its last minutes', () => {
  it('well, with numbers and the time they are of', () => {
    expect(judged([])).toMatchObject({ health: 'healthy', now: null, past: [], reason: expect.stringMatching(/^2 % of 300 requests failed in the last 5 minutes; 95 % took less than/) as string });
  });

  it('a trouble of the last 90 s is not diluted by the hour', () => {
    const { health, now, reason } = judged([{ from: '13:58:30', to: '14:00:00', slow: 20 }]);
    expect([health, now?.kind, now?.fromMs]).toEqual(['critical', 'slow', at('13:58:30')]);
    expect(reason).toMatch(/^Slow: the slowest 5 % take .* in the last 2 minutes, .* before \(120 requests\)\.$/);
    expect(judged([{ from: '13:58:30', to: '14:00:00', errors: 20 }]).now).toMatchObject({ kind: 'failing', health: 'critical', fromMs: at('13:58:30') });
  });

  it('a trouble that ended is told as past, with its times, and not as present', () => {
    const { health, now, past, reason } = judged([{ from: '13:28:00', to: '13:34:00', errors: 8 }]);
    expect([health, now]).toEqual(['healthy', null]);
    expect(past).toMatchObject([{ kind: 'failing', fromMs: at('13:28:00'), toMs: at('13:34:00') }]);
    expect(reason).toContain('It failed 13 % of its requests from 13:28 to 13:34 UTC.');
    expect(judged([{ from: '13:28:00', to: '13:34:00', slow: 20 }]).past).toMatchObject([{ kind: 'slow', fromMs: at('13:28:00'), toMs: at('13:34:00') }]);
  });

  it('a trouble that ended two minutes ago is over', () => {
    expect(judged([{ from: '13:50:00', to: '13:58:00', errors: 30 }])).toMatchObject({ health: 'healthy', past: [{ toMs: at('13:58:00') }] });
  });

  it('past troubles in the hour neither hide nor fake one', () => {
    const past: Part[] = [{ from: '13:05:00', to: '13:15:00', errors: 30 }, { from: '13:30:00', to: '13:40:00', errors: 30 }];
    expect(judged(past)).toMatchObject({ health: 'healthy', past: [{}, {}] });
    const both = judged([...past, { from: '13:57:00', to: '14:00:00', errors: 12 }]);
    expect(both).toMatchObject({ health: 'critical', now: { kind: 'failing', fromMs: at('13:57:00') }, past: [{ fromMs: at('13:05:00') }, { fromMs: at('13:30:00') }] });
    expect(both.reason).toContain('2 % before');
  });

  it('a service with little traffic by more minutes', () => {
    expect(judged([{ from: '13:50:00', to: '14:00:00', errors: 1.4 }], 3)).toMatchObject({ health: 'critical', reason: expect.stringContaining('in the last 15 minutes') as string });
    expect(judged([], 0.4)).toMatchObject({ health: 'unknown', reason: expect.stringContaining('too few to judge') as string });
  });

  it('traffic that stops, after a minute, and only where it used to come', () => {
    expect(judged([{ from: '13:58:30', to: '14:00:00', calls: 0 }])).toMatchObject({ health: 'critical', now: { kind: 'stopped', fromMs: at('13:58:30') }, reason: 'No requests for 2 minutes; 1 a second before.' });
    expect(judged([{ from: '13:59:30', to: '14:00:00', calls: 0 }]).now).toBeNull();
    expect(judged([{ from: '13:58:30', to: '14:00:00', calls: 0 }], 2).now).toBeNull();
    expect(judged([{ from: '12:20:00', to: '14:00:00', calls: 0 }]).now).toBeNull();
  });

  it('what always fails as much is no new trouble, but may be called well only to a point', () => {
    expect(judged([{ from: '12:00:00', to: '14:00:00', errors: 6 }])).toMatchObject({ health: 'warning', reason: expect.stringContaining('10 % before') as string });
  });
});
