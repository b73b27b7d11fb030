import type { HeatmapAnswer, TracesAnswer } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { hasTerm, termText, toggledTerm, withoutValue } from './facet-terms.ts';
import { spanAt, traceOf } from './fixtures/spans.ts';
import { parsePick, printPick } from './pick.ts';
import { pathShares, spanVerdict, traceVerdict } from './trace-verdict.ts';
import { validateTraceSearch, validateTracesSearch } from './traces-search.ts';
import { tracesVerdict } from './traces-verdict.ts';

const plain = (text: string): string => text.replaceAll('\u202f', ' ').replaceAll('\u00a0', ' ');

describe('the address', () => {
  it('keeps a piece of the heatmap', () => {
    const pick = { fromMs: 1_767_600_000_000, toMs: 1_767_600_030_000, leastMs: 0.125, mostMs: 1024 };
    expect(printPick(pick)).toBe('1767600000000-1767600030000:0.125-1024');
    expect(parsePick(printPick(pick))).toEqual(pick);
  });
  it.each([undefined, '', 'x', '5-1:1-2', '1-5:3-3', '1-5:-1-3'])('does not take %s for one', (text) => {
    expect(parsePick(text)).toBeUndefined();
  });
  it('drops what it does not know', () => {
    expect(validateTracesSearch({ q: 'a', sort: 'name', pick: '', left: 'f0' })).toEqual({ q: 'a', left: 'f0' });
    expect(validateTraceSearch({ span: 'a', with: 'b', view: 'services', x: '1' })).toEqual({ span: 'a', with: 'b', view: 'services' });
  });
});

describe('facets', () => {
  it('narrow the search and widen it again', () => {
    const query = toggledTerm('timeout', 'service', 'cart');
    expect(query).toBe('timeout service:cart');
    expect([hasTerm(query, 'service', 'cart'), hasTerm(query, 'service', 'pay')]).toEqual([true, false]);
    expect(toggledTerm(query, 'service', 'cart')).toBe('timeout');
    expect(withoutValue('', 'operation', 'GET /a b')).toBe(`-${termText('operation', 'GET /a b')}`);
  });
  it('leave alone what cannot be read', () => {
    expect([toggledTerm('(', 'service', 'cart'), hasTerm('(', 'service', 'cart'), withoutValue('(', 'a', 'b')]).toEqual(['(', false, '(']);
  });
});

describe('the sentence of the traces found', () => {
  const heatmap = (counts: number[], errors: number[]): HeatmapAnswer => ({ start_ms: 0, step_ms: 1000, bounds_ms: [1, 10, 100], counts: [counts], errors: [errors] });
  const slow = (operation: string) => ({ matched: { service: 'payment', operation } }) as TracesAnswer['traces'][number];
  const slowest = { traces: [slow('POST /charge'), slow('POST /charge'), slow('GET /')] } as unknown as TracesAnswer;

  it('has numbers, and names what is slow', () => {
    const verdict = tracesVerdict('kind:server', heatmap([2000, 310], [0, 72]), slowest);
    expect(verdict.tone).toBe('warn');
    expect(plain(verdict.text)).toMatch(/^2,310 requests, 3\.1 % failed; 95 % took less than \d+(\.\d)? ms; slow ones are mostly payment › POST \/charge\.$/);
  });
  it('is calm, or worried, by the share that failed', () => {
    expect(tracesVerdict('', heatmap([100, 0], [0, 0]), undefined)).toMatchObject({ tone: 'ok', text: expect.stringContaining('100 spans, none failed') });
    expect(tracesVerdict('', heatmap([100, 0], [20, 0]), undefined).tone).toBe('bad');
  });
  it('tells an empty store from a search without matches', () => {
    expect(tracesVerdict('', heatmap([0, 0], [0, 0]), undefined).text).toContain('No trace has come');
    expect(tracesVerdict('a', heatmap([0, 0], [0, 0]), undefined).text).toContain('matches the search');
  });
});

describe('the sentence of a trace', () => {
  const root = spanAt('a', 0, 0, 2_400_000, { service: 'edge', operation: 'POST /checkout', kind: 'server', status: 'error' });
  const call = spanAt('b', 1, 100, 2_000_000, { parent_id: 'a', service: 'payment', operation: 'charge', status: 'error' });
  const path = [
    { span_id: 'b', start_us: 0, end_us: 1_944_000 },
    { span_id: 'a', start_us: 1_944_000, end_us: 2_400_000 },
  ];
  const origin = { span_id: 'b', reason: 'It broke.', exception_type: 'PoolExhausted', exception_message: 'no connection\nat x', chain: ['b', 'a'] };

  it('says how long, what broke first and where the time went', () => {
    const verdict = traceVerdict(traceOf([root, call], { critical_path: path, error_origin: origin }));
    expect(verdict.tone).toBe('bad');
    expect(plain(verdict.text)).toBe('edge › POST /checkout took 2.4 s and failed: payment › charge broke first (PoolExhausted: no connection); 81 % of the time was spent in payment.');
  });
  it('warns where only a part failed', () => {
    const verdict = traceVerdict(traceOf([{ ...root, status: 'ok' }, call], { critical_path: path }));
    expect([verdict.tone, plain(verdict.text)]).toEqual(['warn', 'edge › POST /checkout took 2.4 s; it succeeded, although 1 call in it failed; 81 % of the time was spent in payment.']);
  });
  it('has the problems of the trace beneath', () => {
    const problems = [{ kind: 'missing_parent' as const, count: 1, message: 'One span names a parent that has not come.' }];
    expect(traceVerdict(traceOf([{ ...root, status: 'ok' }], { problems })).details).toEqual([problems[0]!.message]);
    expect(traceVerdict(traceOf([])).tone).toBe('none');
  });
  it('counts a call without spans beneath as waiting for what it calls', () => {
    const query = spanAt('c', 1, 0, 100, { parent_id: 'a', kind: 'client', peer: 'orders-db' });
    const shares = pathShares(traceOf([root, query], { critical_path: [{ span_id: 'c', start_us: 0, end_us: 300 }, { span_id: 'a', start_us: 300, end_us: 400 }] }));
    expect(shares).toEqual([
      { name: 'orders-db', isWaiting: true, us: 300, share: 0.75 },
      { name: 'edge', isWaiting: false, us: 100, share: 0.25 },
    ]);
  });
  it('has one for a span', () => {
    expect(plain(spanVerdict(call, 500_000, traceOf([root, call], { error_origin: origin })))).toBe('This step took 2 s, 83.3 % of the trace, 500 ms of it its own. It failed. The trace’s error began here.');
  });
});
