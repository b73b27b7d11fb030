import { expect, it } from 'vitest';
import { metricsIn, unitOfExpression, unitOfMetric } from './guess.ts';

it.each([
  ['process_resident_memory_bytes', 'bytes'],
  ['http_request_duration_seconds_bucket', 'seconds'],
  ['http_request_duration_seconds_count', 'count'],
  ['process_start_time_seconds', 'timestamp'],
  ['system_cpu_utilization_ratio', 'ratio'],
  ['up', 'none'],
  ['http_requests_total', 'count'],
])('guesses the unit of the metric %s: %s', (metric, unit) => {
  expect(unitOfMetric(metric)).toBe(unit);
});

it('prefers the declared unit', () => {
  expect(unitOfMetric('queue_wait', 'seconds')).toBe('seconds');
  expect(unitOfExpression('sum(rate(queue_wait[1m]))', { queue_wait: 'bytes' })).toBe('bytes_per_second');
});

it('counts the observations of a histogram, whatever unit it declares', () => {
  const declared = { http_duration_seconds: 's', http_duration_seconds_count: 's', http_duration_seconds_bucket: 's' };
  expect(unitOfExpression('sum by (route) (rate(http_duration_seconds_count[1m]))', declared)).toBe('per_second');
  expect(unitOfExpression('sum by (le) (rate(http_duration_seconds_bucket[1m]))', declared)).toBe('per_second');
  expect(unitOfExpression('histogram_quantile(0.9, sum by (le) (rate(http_duration_seconds_bucket[1m])))', declared)).toBe('seconds');
  expect(unitOfExpression('rate(http_duration_seconds_sum[1m]) / rate(http_duration_seconds_count[1m])', declared)).toBe('seconds');
});

it.each([
  ['rate(http_requests_total[5m])', 'per_second'],
  ['sum by (job) (rate(http_requests_total{job="a"}[5m]))', 'per_second'],
  ['rate(system_network_io_bytes_total[1m])', 'bytes_per_second'],
  ['histogram_quantile(0.95, sum by (le) (rate(x_duration_seconds_bucket[5m])))', 'seconds'],
  ['rate(x_duration_seconds_sum[5m]) / rate(x_duration_seconds_count[5m])', 'seconds'],
  ['rate(errors_total[5m]) / rate(requests_total[5m])', 'none'],
  ['100 * (1 - avg(system_cpu_utilization_ratio{cpu_mode="idle"}))', 'percent'],
  ['rate(process_cpu_seconds_total[5m])', 'cores'],
  ['count by (job) (process_resident_memory_bytes)', 'count'],
  ['process_resident_memory_bytes', 'bytes'],
  ['', 'none'],
])('guesses the unit of %s: %s', (expression, unit) => {
  expect(unitOfExpression(expression)).toBe(unit);
});

it('finds metric names, not functions, labels or keywords', () => {
  expect(metricsIn('sum by (job, le) (rate(a_total[5m])) / on (job) group_left (team) b:c unless d')).toEqual(['a_total', 'b:c', 'd']);
});
