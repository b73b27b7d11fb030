import type { Source } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { arrivalOf } from './arrival.ts';
import { reachableUrl, recipesFor, targetOf } from './recipes.ts';

const NOW = Date.UTC(2026, 10, 21);
const source = (receiver: string, service: string, agoMs: number): Source => ({
  receiver,
  service,
  active_series: 1,
  samples_total: 1200,
  samples_per_second: 1,
  first_received: new Date(NOW - agoMs).toISOString(),
  last_received: new Date(NOW - agoMs).toISOString(),
});

describe('addresses', () => {
  it('are those the server listens on, as a sender can reach them', () => {
    expect(reachableUrl('http://0.0.0.0:4318', 'http://pitot.lan:7777')).toBe('http://pitot.lan:4318');
    expect(reachableUrl('http://127.0.0.1:4318', 'http://localhost:7777')).toBe('http://127.0.0.1:4318');
    expect(targetOf([{ name: 'otlp-http', url: 'http://127.0.0.1:4318' }], 'http://localhost:7777', undefined).otlpUrl).toBe('http://127.0.0.1:4318');
    expect(targetOf([{ name: 'otlp-http', url: 'http://127.0.0.1:4318' }], 'http://pitot.lan:7777', undefined).otlpUrl).toBe('http://pitot.lan:7777');
    expect(targetOf([{ name: 'otlp-http', url: 'http://0.0.0.0:4318' }], 'http://pitot.lan:7777', undefined).otlpUrl).toBe('http://pitot.lan:4318');
    expect(targetOf([], 'http://localhost:7777', undefined).otlpUrl).toBe('http://localhost:7777');
  });
  it('stand in every recipe, with a key only where one is needed', () => {
    const text = (apiKey: string | undefined): string => JSON.stringify(recipesFor({ baseUrl: 'http://h:7777', otlpUrl: 'http://h:4318', apiKey }));
    expect(text(undefined)).toContain('http://h:7777/api/v1/write');
    expect(text(undefined)).not.toMatch(/Bearer|credentials/);
    expect(text('pk_1').match(/pk_1/g)!.length).toBeGreaterThanOrEqual(7);
  });
});

describe('arrivalOf', () => {
  const otlp = { receivers: ['otlp'], language: 'nodejs' };
  it('waits until something comes', () => {
    expect(arrivalOf(otlp, [source('remote-write', 'prom', 0)], new Map(), NOW).state).toBe('waiting');
  });
  it('says who sends and how much', () => {
    expect(arrivalOf(otlp, [source('otlp', 'shop', 1000)], new Map(), NOW)).toEqual({ state: 'live', text: '1,200 samples from shop', lastMs: NOW - 1000 });
  });
  it('remembers what came earlier', () => {
    expect(arrivalOf(otlp, [source('otlp', 'shop', 600_000)], new Map(), NOW).state).toBe('earlier');
  });
  it('tells languages apart where the senders say theirs', () => {
    const languages = new Map([['shop', 'python']]);
    expect(arrivalOf(otlp, [source('otlp', 'shop', 0)], languages, NOW).state).toBe('waiting');
    expect(arrivalOf({ receivers: ['otlp'], language: 'python' }, [source('otlp', 'shop', 0)], languages, NOW).state).toBe('live');
  });
});
