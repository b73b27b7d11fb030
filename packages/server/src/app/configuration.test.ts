import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '@pitot/core';
import { loadConfiguration } from './configuration.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'pitot-config-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function load(yaml: string, environment: Record<string, string> = {}) {
  const file = join(scratch, 'pitot.yaml');
  writeFileSync(file, yaml);
  return loadConfiguration({ PITOT_CONFIG: file, ...environment });
}

function problem(yaml: string, environment: Record<string, string> = {}): string {
  try {
    load(yaml, environment);
  } catch (error) {
    if (error instanceof AppError) return error.message.replaceAll(`${scratch}/`, '');
    throw error;
  }
  throw new Error('the configuration was taken');
}

describe('loadConfiguration', () => {
  it('needs no file and no variable', () => {
    const { configuration, file } = loadConfiguration({});
    expect(file).toBeUndefined();
    expect(configuration.listen).toEqual({ host: '127.0.0.1', port: 7777 });
    expect(configuration.otlp_http_listen).toEqual({ host: '127.0.0.1', port: 4318 });
    expect(configuration.data).toBe('./data');
    expect(configuration.retention.metrics).toBe(30 * 86_400_000);
  });

  it('takes an empty file', () => {
    expect(load('').configuration.auth).toBe('auto');
  });

  it('lets the environment win over the file', () => {
    const { configuration } = load('listen: 127.0.0.1:1000\nclickhouse:\n  threads: 3\n', {
      PITOT_LISTEN: '[::1]:2000',
      PITOT_OTLP_HTTP_LISTEN: 'off',
      PITOT_CLICKHOUSE_URL: 'http://clickhouse:8123',
    });
    expect(configuration.listen).toEqual({ host: '::1', port: 2000 });
    expect(configuration.otlp_http_listen).toBe('off');
    expect(configuration.clickhouse).toMatchObject({ url: 'http://clickhouse:8123', threads: 3 });
  });

  it('reads Prometheus scrape configurations as they are', () => {
    const { configuration } = load('scrape_configs:\n  - job_name: node\n    static_configs:\n      - targets: ["127.0.0.1:9100"]\n');
    expect(configuration.scrape_configs?.[0]?.job_name).toBe('node');
  });

  it('shows the scrape configuration without its secrets', () => {
    const { scrapeText } = load(
      'scrape_configs:\n  - job_name: a\n    basic_auth: {username: me, password: hunter2}\n    static_configs: [{targets: ["127.0.0.1:1"]}]\n',
    );
    expect(scrapeText).toContain('username: me');
    expect(scrapeText).toContain('password: <secret>');
    expect(scrapeText).not.toContain('hunter2');
  });

  it.each([
    ['unknown key', 'data: ./x\nlisten_adress: a\n', 'pitot.yaml:2: unknown key "listen_adress"'],
    ['near miss', 'retentoin: {}\n', 'did you mean "retention"?'],
    ['unknown nested key', 'limits:\n  body_bytes: 1\n  body_byte: 2\n', 'pitot.yaml:3: unknown key "limits.body_byte"; did you mean "body_bytes"?'],
    ['wrong value', '\n\nlisten: 7777x\n', 'pitot.yaml:3: listen: '],
    ['wrong type', 'limits:\n  active_series: many\n', 'pitot.yaml:2: limits.active_series: '],
    ['wrong choice', 'auth: maybe\n', 'pitot.yaml:1: auth: '],
    ['wrong duration', 'retention:\n  metrics: 5 years\n', 'expected a duration such as 30d, got "5 years"'],
    ['too short a retention', 'retention:\n  metrics: 5s\n', 'expected at least 1h, got "5s"'],
    ['too long a retention', 'retention:\n  metrics: 90y\n', 'expected at most 50y, got "90y"'],
    ['wrong port', 'listen: localhost:99999\n', 'expected host:port such as 127.0.0.1:7777, got "localhost:99999"'],
    ['not YAML', 'a: [1,\n', 'pitot.yaml:2'],
    ['not a mapping', '- a\n', 'expected a mapping'],
    ['inside scrape_configs', 'scrape_configs:\n  - job_name: a\n    scrape_intervall: 15s\n', 'pitot.yaml:3: unknown key "scrape_configs.0.scrape_intervall"'],
  ])('stops at %s with file, line and what was expected', (_, yaml, expected) => {
    expect(problem(yaml)).toContain(expected);
  });

  it('names the variable where the value came from one', () => {
    expect(problem('', { PITOT_LISTEN: 'nonsense' })).toContain('environment variable PITOT_LISTEN: listen: expected host:port');
    expect(problem('', { PITOT_POSTGRES_URL: 'mysql://x' })).toContain('environment variable PITOT_POSTGRES_URL: ');
  });

  it('tells every problem at once', () => {
    expect(problem('auth: maybe\nlisten: x\n').split('\n')).toHaveLength(2);
  });

  it('says that a named file is missing', () => {
    expect(() => loadConfiguration({ PITOT_CONFIG: join(scratch, 'none.yaml') })).toThrow(/cannot be read/);
  });

  it('tells of a misspelt variable, but not of those Kubernetes injects', () => {
    const { notices } = loadConfiguration({ PITOT_LISTN: 'x', PITOT_PORT_7777_TCP: 'tcp://1', PITOT_SERVICE_HOST: '1' });
    expect(notices).toEqual([expect.stringContaining('did you mean PITOT_LISTEN?')]);
  });
});
