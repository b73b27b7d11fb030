import { describe, expect, it } from 'vitest';
import { withMatcher } from './environment-filter.ts';
import { examplesFor } from './example-queries.ts';
import { instantRows, labelColumns } from './instant-rows.ts';
import { stepMsOf, summaryOf } from './query-summary.ts';
import { describeMetrics, queryLetter, searchMetrics, suggestExpression } from './suggestions.ts';

describe('withMatcher', () => {
  const matcher = 'env="prod"';
  it.each([
    ['up', 'up{env="prod"}'],
    ['up{}', 'up{env="prod"}'],
    ['up{job="a"}', 'up{job="a",env="prod"}'],
    ['up{job="a",}', 'up{job="a",env="prod"}'],
    ['{__name__="up"}', '{__name__="up",env="prod"}'],
    ['sum by (env) (rate(a[5m])) / b offset 1h', 'sum by (env) (rate(a{env="prod"}[5m])) / b{env="prod"} offset 1h'],
    ['up{env="staging"}', 'up{env="staging"}'],
    ['label_replace(up, "a", "up", "b", "")', 'label_replace(up{env="prod"}, "a", "up", "b", "")'],
    ['1 + 1', '1 + 1'],
    ['sum(', 'sum('],
  ])('limits %s', (expression, expected) => {
    expect(withMatcher(expression, matcher)).toBe(expected);
  });
  it('changes nothing where no environment is chosen', () => {
    expect(withMatcher('up', '')).toBe('up');
  });
});

it('asks the usual question of a metric', () => {
  expect(suggestExpression('a_total', 'counter')).toBe('rate(a_total[5m])');
  expect(suggestExpression('a_total', '')).toBe('rate(a_total[5m])');
  expect(suggestExpression('a_bytes', 'gauge')).toBe('a_bytes');
  expect(suggestExpression('d_seconds_bucket', 'histogram')).toBe('histogram_quantile(0.95, sum by (le) (rate(d_seconds_bucket[5m])))');
  expect(suggestExpression('d_seconds_count', 'histogram')).toBe('rate(d_seconds_count[5m])');
});

it('describes and finds metrics', () => {
  const entries = describeMetrics(['go_gc', 'http_bucket', 'x_http'], { http: [{ type: 'histogram', help: 'Requests', unit: '' }] });
  expect(entries[1]).toEqual({ name: 'http_bucket', type: 'histogram', help: 'Requests' });
  expect(searchMetrics(entries, 'http').map((entry) => entry.name)).toEqual(['http_bucket', 'x_http']);
  expect(searchMetrics(entries, 'requests').map((entry) => entry.name)).toEqual(['http_bucket']);
  expect([queryLetter(0), queryLetter(25), queryLetter(26)]).toEqual(['A', 'Z', 'A']);
});

it('offers only questions that can be answered', () => {
  expect(examplesFor(['up']).map((example) => example.expression)[0]).toBe('up');
  expect(examplesFor([])).toHaveLength(1);
});

it('makes rows of every kind of answer', () => {
  const vector = instantRows('A', { resultType: 'vector', result: [{ metric: { job: 'a' }, value: [1, '2'] }, { metric: { job: 'b' }, histogram: [1, { count: '3', sum: '4' }] }] });
  expect(vector.map((row) => [row.value, row.text])).toEqual([[2, '2'], [null, 'histogram: count 3, sum 4']]);
  expect(instantRows('A', { resultType: 'scalar', result: [1, '+Inf'] })[0]?.value).toBe(Infinity);
  expect(instantRows('A', { resultType: 'string', result: [1, 'x'] })[0]?.text).toBe('x');
  expect(labelColumns(instantRows('A', { resultType: 'vector', result: [{ metric: { z: '1', same: '1', __name__: 'm' } }, { metric: { z: '2', same: '1', __name__: 'm' } }] }))).toEqual(['__name__', 'z', 'same']);
});

it('says what a query cost', () => {
  const answer = { data: [{ metric: {} }], warnings: [], infos: [], tookMs: 20, stats: { timings: { evalTotalTime: 0.0042 }, samples: { totalQueryableSamples: 2880 } } };
  expect(summaryOf(answer, { startMs: 0, endMs: 60_000, stepMs: 15_000 })).toBe('1 series × 5 points every 15s · 4.2 ms evaluation, 20 ms round trip · 2,880 samples read');
  expect(stepMsOf('5m')).toBe(300_000);
});
