import { describe, expect, it } from 'vitest';
import { counts, call, NO_EVIDENCE, service } from './fixtures/evidence.ts';
import { changesOf } from './changes.ts';
import { healthOf } from './health.ts';
import { buildMap } from './map-builder.ts';
import { onsetOf } from './onset.ts';
import { amount, clockTime, lengthOfTime, listed, milliseconds, percent } from './wording.ts';

describe('health', () => {
  it.each([
    ['well', counts(1000, 2), counts(1000, 1), 'healthy', '0.2 % of 1 k requests failed'],
    ['a rise', counts(1000, 25), counts(1000, 1), 'warning', 'Failing 2.5 % of 1 k requests, 0.1 % in the period before.'],
    ['a large rise', counts(1000, 80), counts(1000, 1), 'critical', 'Failing 8 %'],
    ['a rise that chance may make', counts(40, 1), counts(40, 0), 'healthy', ''],
    ['much failing, as before', counts(1000, 80), counts(1000, 80), 'warning', '8 % in the period before'],
    ['a fifth failing, as before', counts(1000, 250), counts(1000, 250), 'critical', 'Failing 25 %'],
    ['slower', counts(1000, 0, 100), counts(1000, 0, 40), 'warning', 'Slow: the slowest 5 % take'],
    ['much slower', counts(1000, 0, 900), counts(1000, 0, 40), 'critical', 'Slow'],
    ['slower by what nobody notices', counts(1000, 0, 4), counts(1000, 0, 1), 'healthy', ''],
    ['too few', counts(12, 1), null, 'unknown', 'Only 12 requests, of which 1 failed'],
    ['few, and most fail', counts(8, 7), null, 'critical', 'Failing 88 %'],
    ['nothing', counts(0), counts(50), 'unknown', 'No requests now; 50 requests in the period before.'],
    ['never anything', null, null, 'unknown', 'No requests were seen.'],
    ['failing with nothing to compare', counts(1000, 30), null, 'warning', 'Failing 3 % of 1 k requests.'],
  ] as const)('%s', (_, now, before, health, reason) => {
    const found = healthOf(now, before);
    expect(found.health).toBe(health);
    expect(found.reason).toContain(reason);
  });
});

describe('onset', () => {
  const series = (shares: readonly number[], all = 100) => shares.map((share, i) => ({ timeMs: i * 1000, bad: share * all, all }));

  it('is the step from which on it is worse', () => {
    expect(onsetOf(series([...Array<number>(20).fill(0.01), ...Array<number>(10).fill(0.2)]))).toEqual({ timeMs: 20_000, before: 0.01, after: 0.2 });
  });

  it('is not found in noise, in a recovery, in nothing', () => {
    let state = 3;
    const noise = Array.from({ length: 60 }, () => ((state = (state * 48_271) % 2_147_483_647) % 5) / 100);
    expect(onsetOf(series(noise))).toBeUndefined();
    expect(onsetOf(series([...Array<number>(20).fill(0.3), ...Array<number>(10).fill(0)]))).toBeUndefined();
    expect(onsetOf([])).toBeUndefined();
    expect(onsetOf(series(Array<number>(30).fill(1)))).toBeUndefined();
    expect(onsetOf(series(Array<number>(30).fill(0), 0))).toBeUndefined();
  });
});

describe('changes', () => {
  const map = (services: Parameters<typeof service>[], calls: Parameters<typeof call>[] = []) => buildMap({ ...NO_EVIDENCE, services: services.map((one) => service(...one)), calls: calls.map((one) => call(...one)) });

  it('are listed with numbers, the most important first', () => {
    const before = map([['web', counts(1000, 1), { version: '1' }], ['cart', counts(500)], ['old', counts(40)]], [['web', 'cart', counts(500, 0, 10)], ['web', 'old', counts(40)], ['web', 'gone', counts(30)], ['cart', 'web', counts(20)]]);
    const after = map([['web', counts(3000, 300), { version: '2' }], ['cart', counts(500)], ['new', counts(40)]], [['web', 'cart', counts(500, 0, 30)], ['web', 'new', counts(40)], ['cart', 'database:x/postgresql', counts(50)]]);
    const { changes } = changesOf(before, after, 100_000);
    expect(changes.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
      'node_removed service:old',
      'node_removed service:gone',
      'edge_removed service:cart→service:web',
      'errors_changed service:web',
      'latency_changed service:web→service:cart',
      'version_changed service:web',
      'node_added database:x',
      'node_added service:new',
      'traffic_changed service:web',
    ]);
    expect(changes.find(({ kind }) => kind === 'errors_changed')!.sentence).toBe('web: 10 % of 3 k requests fail, 0.1 % before.');
    expect(changes.find(({ kind }) => kind === 'version_changed')!.sentence).toBe('web runs 2 instead of 1.');
    expect(changes.find(({ kind }) => kind === 'traffic_changed')).toMatchObject({ before: 10, after: 30 });
  });

  it('do not list noise, nor what is rare', () => {
    const before = map([['web', counts(1000, 10, 10)], ['rare', counts(2)]], [['web', 'cart', counts(30, 1, 10)], ['web', 'seldom', counts(3)]]);
    const after = map([['web', counts(1100, 13, 11)]], [['web', 'cart', counts(38, 3, 40)]]);
    expect(changesOf(before, after, 60_000).changes).toEqual([]);
  });
});

describe('wording', () => {
  it('has as many digits as are worth reading', () => {
    expect([0, 0.00004, 0.0013, 0.04, 0.256, 1].map(percent)).toEqual(['0 %', '< 0.01 %', '0.1 %', '4 %', '26 %', '100 %']);
    expect([0.4, 37.2, 1234, 123_456, 5e6].map(amount)).toEqual(['0.4', '37', '1.2 k', '123 k', '5 M']);
    expect([0.53, 12.34, 240.4, 1234].map(milliseconds)).toEqual(['0.53 ms', '12 ms', '240 ms', '1.2 s']);
    expect([60_000, 900_000, 3_600_000, 7_200_000, 1000].map(lengthOfTime)).toEqual(['minute', '15 minutes', 'hour', '2 hours', 'second']);
    expect(clockTime(0, 86_400_000)).toBe('1970-01-01 00:00 UTC');
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c', 'd']].map((names) => listed(names))).toEqual(['', 'a', 'a and b', 'a, b and 2 more']);
  });
});
