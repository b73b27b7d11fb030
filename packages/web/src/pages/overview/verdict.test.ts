import type { Host, ServicesAnswer, Source, StatusAnswer } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { hostsVerdict } from '../hosts/hosts-verdict.ts';
import { addReading, EMPTY_HISTORY, sourceKey } from './rate-history.ts';
import { overviewVerdict, type Observed } from './verdict.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();

const status: StatusAnswer = {
  version: '0.1.0',
  started: ago(60),
  auth: 'loopback',
  listeners: [],
  data_directory: '/data',
  stores: { clickhouse: { kind: 'embedded', version: '' }, postgres: { kind: 'embedded', version: '' } },
  circuit_breaker: 'CLOSED',
  spool: { size_bytes: 0, limit_bytes: 1000, records: 0, oldest_age_ms: 0, last_error: '' },
  active_series: 10,
  limits: {},
};
const source = (service: string, extra: Partial<Source> = {}): Source => ({
  receiver: 'otlp',
  service,
  active_series: 1,
  samples_total: 1,
  samples_per_second: 1400,
  first_received: ago(60),
  last_received: ago(0),
  ...extra,
});
const host = (extra: Partial<Host> = {}): Host => ({
  host_name: 'web-1',
  last_seen: ago(0),
  os: '',
  cpu_count: 2,
  cpu_usage_percent: 10,
  load_1m: 1,
  memory_used_bytes: 1,
  memory_total_bytes: 10,
  disk_used_bytes: 10,
  disk_total_bytes: 100,
  disk_mount: '/',
  network_receive_bytes_per_second: 0,
  network_transmit_bytes_per_second: 0,
  pressure_cpu_percent: 0,
  pressure_memory_percent: 0,
  pressure_io_percent: 0,
  uptime_seconds: 1,
  processes: [],
  ...extra,
});
const well: Observed = { status, sources: [source('a'), source('b'), source('c')], hosts: [host()], downTargets: [], targetCount: 0, nowMs: NOW };
const textOf = (observed: Partial<Observed>): string => {
  const verdict = overviewVerdict({ ...well, ...observed });
  return `${verdict?.tone}: ${verdict?.text.replaceAll('\u202f', ' ')}`;
};

describe('the sentence of the overview', () => {
  it('says that all is well, and what was looked at', () => {
    expect(textOf({})).toBe('ok: Everything that reports is up: 3 services and 1 host sent 4.2 k samples/s in the last minute.');
  });
  it('does not judge before everything was read', () => {
    expect(overviewVerdict({ ...well, hosts: undefined })).toBeUndefined();
  });
  it('does not count the machine itself as a service', () => {
    expect(textOf({ sources: [source('pitot/host', { receiver: 'host' })] })).toContain('1 host sent');
  });
  it('asks for data where there is none', () => {
    expect(textOf({ sources: [], hosts: [] })).toMatch(/^info: Nothing sends data/);
  });
  it.each<[string, Partial<Observed>, RegExp]>([
    ['an open circuit breaker', { status: { ...status, circuit_breaker: 'OPEN' } }, /^bad: The store does not take data/],
    ['a half open one', { status: { ...status, circuit_breaker: 'HALF_OPEN' } }, /^warn: .*HALF_OPEN/],
    ['a store that is behind', { status: { ...status, spool: { ...status.spool, oldest_age_ms: 300_000 } } }, /^warn: The store is 5 min behind/],
    ['a full spool', { status: { ...status, spool: { ...status.spool, size_bytes: 950 } } }, /^bad: The spool is 95 % full/],
    ['targets that are down', { downTargets: ['api 10.0.0.1'], targetCount: 4 }, /^bad: 1 of 4 scrape targets is down: api 10.0.0.1/],
    ['a full disk', { hosts: [host({ disk_used_bytes: 96 })] }, /^bad: \/ on web-1 is 96 % full, 4 B left/],
    ['a filling disk', { hosts: [host({ disk_used_bytes: 88 })] }, /^warn: \/ on web-1 is 88 % full/],
    ['scarce memory', { hosts: [host({ memory_used_bytes: 9.2 })] }, /^warn: Memory on web-1 is 92 % used/],
    ['busy processors', { hosts: [host({ cpu_usage_percent: 99, processes: [{ pid: 1, name: 'ffmpeg', cpu_percent: 190, memory_bytes: 1 }] })] }, /99 % busy; ffmpeg takes the most/],
    ['work that waits', { hosts: [host({ pressure_io_percent: 60 })] }, /^warn: Work on web-1 waits for disk 60 % of the time/],
    ['a silent host', { hosts: [host({ last_seen: ago(12) })] }, /^bad: Host web-1 has not reported for 12 min/],
    ['a silent service', { sources: [source('a'), source('pay', { last_received: ago(7) })] }, /^warn: pay has sent nothing for 7 min/],
  ])('names %s', (_, observed, expected) => {
    expect(textOf(observed)).toMatch(expected);
  });
  it('puts the worst first and the rest beneath', () => {
    const verdict = overviewVerdict({ ...well, hosts: [host({ disk_used_bytes: 88 })], downTargets: ['api'], targetCount: 1 });
    expect(verdict?.tone).toBe('bad');
    expect(verdict?.details).toHaveLength(1);
  });
  it('forgets what has been gone for more than a day', () => {
    expect(textOf({ hosts: [host(), host({ host_name: 'old', last_seen: ago(3000) })] })).toMatch(/^ok: .*1 host/);
  });
  it('counts nothing that was not reported as a problem', () => {
    expect(textOf({ hosts: [host({ disk_used_bytes: null, memory_used_bytes: null, cpu_usage_percent: null, pressure_io_percent: null })] })).toMatch(/^ok/);
  });
});

describe('with services that send spans', () => {
  const red = { calls: 600, calls_per_second: 10, errors: 60, error_ratio: 0.1, p50_ms: 5, p95_ms: 20, p99_ms: 40 };
  const service = { service: 'checkout', environment: '', versions: [], language: '', instances: 1, health: 'critical' as const, reason: 'Failing.', red, previous: null, calls_trend: [], error_trend: [], last_seen: ago(0) };
  const broken: ServicesAnswer = { services: [service], verdict: { severity: 'critical', sentence: 'checkout is failing 10 % of its requests; payment is the cause.', symptom: 'checkout', cause: 'service:payment' } };
  const fine: ServicesAnswer = { services: [{ ...service, health: 'healthy' }], verdict: { severity: 'ok', sentence: 'checkout is healthy.', symptom: null, cause: null } };
  it('the sentence says first what is broken in them', () => {
    const verdict = overviewVerdict({ ...well, services: broken, hosts: [host({ disk_used_bytes: 96 })] });
    expect(verdict).toMatchObject({ tone: 'bad', text: broken.verdict.sentence });
    expect(verdict?.details?.[0]).toContain('96 % full');
  });
  it('what else is wrong does not hide behind those that are well', () => {
    expect(textOf({ services: fine, hosts: [host({ disk_used_bytes: 96 })] })).toMatch(/^bad: checkout is healthy\. But: \/ on web-1 is 96 % full/);
    expect(textOf({ services: fine })).toBe('ok: checkout is healthy. 1 host reports, too.');
  });
  it('is as before where none does', () => {
    expect(textOf({ services: { services: [], verdict: { severity: 'unknown', sentence: 'No service sent spans.', symptom: null, cause: null } } })).toBe(textOf({}));
  });
});

it('speaks of hosts on their own page', () => {
  expect(hostsVerdict([host(), host({ host_name: 'b' })], NOW).text).toMatch(/^All 2 hosts report/);
  expect(hostsVerdict([host({ disk_used_bytes: 99 })], NOW).tone).toBe('bad');
  expect(hostsVerdict([], NOW).tone).toBe('info');
});

it('remembers the last sixty rates of those that still send', () => {
  let history = EMPTY_HISTORY;
  for (let i = 0; i < 70; i++) history = addReading(history, [source('a', { samples_per_second: i })]);
  expect(history.total).toHaveLength(60);
  expect(history.bySource.get(sourceKey(source('a')))?.at(-1)).toBe(69);
  expect(addReading(history, []).bySource.size).toBe(0);
});
