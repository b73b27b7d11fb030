import { describe, expect, it } from 'vitest';
import { labelName, metricName, unitName, type MetricKind } from './naming.ts';

describe('metric names', () => {
  // The expectations of prometheus/otlptranslator's own tests, for UTF8Allowed false and WithMetricSuffixes true.
  it.each<[string, string, MetricKind, string]>([
    ['requests', '', 'counter', 'requests_total'],
    ['cpu_usage', '1', 'gauge', 'cpu_usage_ratio'],
    ['items', '1', 'counter', 'items_total'],
    ['response_time', 'ms', 'gauge', 'response_time_milliseconds'],
    ['memory_usage', 'By', 'gauge', 'memory_usage_bytes'],
    ['requests', '1/s', 'gauge', 'requests_per_second'],
    ['throughput', 'By/s', 'gauge', 'throughput_bytes_per_second'],
    ['custom_metric', 'custom_unit', 'gauge', 'custom_metric_custom_unit'],
    ['custom_metric', '{custom}', 'gauge', 'custom_metric'],
    ['custom_metric', 'By/{custom}', 'gauge', 'custom_metric_bytes'],
    ['requests_total', '', 'counter', 'requests_total'],
    ['cpu_usage_ratio', '1', 'gauge', 'cpu_usage_ratio'],
    ['response_time_seconds', 's', 'gauge', 'response_time_seconds'],
    ['metric__with__multiple__underscores', 'unit__multiple__underscores', 'gauge', 'metric_with_multiple_underscores_unit_multiple_underscores'],
    ['custom_metric', 'unit@with#special/chars', 'gauge', 'custom_metric_unit_with_special_per_chars'],
    ['@#$%', '', 'gauge', ''],
    ['request_duration', 's', 'histogram', 'request_duration_seconds'],
    ['active_connections', '', 'updown', 'active_connections'],
    ['uptime', 'd', 'gauge', 'uptime_days'],
    ['total.requests', '', 'counter', 'requests_total'],
    ['1st.metric', '', 'gauge', '_1st_metric'],
    ['rate', '{requests}/s', 'gauge', 'rate_per_second'],
    ['speed', 'm/m', 'gauge', 'speed_meters_per_minute'],
    ['cpu.utilization', '%', 'gauge', 'cpu_utilization_percent'],
    ['constructor', 'constructor', 'gauge', 'constructor'],
    ['jvm.memory.used', 'By', 'updown', 'jvm_memory_used_bytes'],
    ['http.server.request.duration', 's', 'histogram', 'http_server_request_duration_seconds'],
    ['a:b', '', 'gauge', 'a:b'],
    ['', 's', 'gauge', 'seconds'],
    ['температура', 'Cel', 'gauge', 'celsius'],
  ])('%s in %s as %s is %s', (name, unit, kind, expected) => {
    expect(metricName(name, unit, kind)).toBe(expected);
  });
});

describe('label names', () => {
  it.each([
    ['http.method', 'http_method'],
    ['123invalid', 'key_123invalid'],
    ['__reserved__', '__reserved__'],
    ['_private', 'key_private'],
    ['a..b', 'a__b'],
    ['label:with:colons', 'label_with_colons'],
    ['ключ', ''],
    ['', ''],
  ])('%s is %s', (name, expected) => {
    expect(labelName(name)).toBe(expected);
  });
});

it('units are words', () => {
  expect(['s', 'By/s', 'requests/s', '1', '{x}', ''].map(unitName)).toEqual(['seconds', 'bytes_per_second', 'requests_per_second', '', '', '']);
});
