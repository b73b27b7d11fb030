import type { LogHistogramAnswer, LogPattern } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { logsVerdict, onsetMs } from './logs-verdict.ts';
import { bodyOf, clockText, lineTime, templatePieces } from './line-text.ts';
import { validateLogsSearch } from './logs-search.ts';
import { barPieces, highest, roundTop } from './severity-look.ts';
import { mergeTail } from './tail-lines.ts';

const counts = (totals: LogHistogramAnswer['totals']): LogHistogramAnswer => ({
  start_ms: 0,
  step_ms: 60_000,
  buckets: [totals],
  totals,
  total: Object.values(totals).reduce((sum, count) => sum + count, 0),
});
const pattern = { service: 'payment', share: 0.92, is_new: true } as LogPattern;

describe('the sentence', () => {
  it('compares the errors and names what most of them are', () => {
    const verdict = logsVerdict({ counts: counts({ error: 1240, info: 9000 }), before: { error: 410 }, topPattern: pattern, range: 'Last hour', filtered: false });
    expect(verdict).toEqual({ tone: 'bad', text: '1,240 errors in the last hour, 3 times the time before; 92 % are one pattern from payment, not seen before.' });
  });
  it('names the number before where times would say little', () => {
    const verdict = logsVerdict({ counts: counts({ error: 900 }), before: { error: 2 }, topPattern: undefined, range: 'Last hour', filtered: false });
    expect(verdict.text).toBe('900 errors in the last hour, up from 2 in the time before; 900 lines in all.');
  });
  it('takes a usual number of errors for a warning', () => {
    const verdict = logsVerdict({ counts: counts({ error: 40, info: 60 }), before: { error: 41 }, topPattern: undefined, range: 'Last hour', filtered: true });
    expect(verdict).toEqual({ tone: 'warn', text: '40 errors in the last hour, about as many as the time before; 100 matching lines in all.' });
  });
  it('says since when errors come, where they began within the range', () => {
    const buckets = Array.from({ length: 30 }, (_, i) => (i < 10 ? {} : i < 20 ? { info: 9, ...(i === 12 && { error: 1 }) } : { info: 9, error: 40 }));
    const range = { start_ms: 0, step_ms: 60_000, buckets, totals: { info: 180, error: 401 }, total: 581 };
    expect(onsetMs(range)).toBe(20 * 60_000);
    expect(onsetMs({ ...range, buckets: buckets.slice(20), totals: { error: 400 } })).toBeUndefined();
    const verdict = logsVerdict({ counts: range, before: undefined, topPattern: undefined, range: 'Last hour', filtered: false });
    expect(verdict.tone).toBe('bad');
    expect(verdict.text).toMatch(/^401 errors in the last hour, nearly all since \d\d:\d\d; 581 lines in all\.$/);
  });
  it('is calm without errors, and says when nothing is there', () => {
    const calm = logsVerdict({ counts: counts({ info: 1, warn: 2 }), before: undefined, topPattern: undefined, range: '21 Nov 14:00 – 15:30', filtered: false });
    expect(calm).toEqual({ tone: 'ok', text: '3 lines from 21 Nov 14:00 – 15:30, no error among them; 2 warnings.' });
    expect(logsVerdict({ counts: counts({}), before: undefined, topPattern: undefined, range: 'Last hour', filtered: true }).text).toBe('No line in the last hour matches this search.');
  });
});

describe('bars', () => {
  it('stack from the worst upwards and fill their height', () => {
    expect(barPieces({ info: 50, error: 50 }, 100, 80)).toEqual([
      { severity: 'error', y: 40, height: 40 },
      { severity: 'info', y: 0, height: 40 },
    ]);
  });
  it('show one error among thousands', () => expect(barPieces({ error: 1 }, 100_000, 80)).toEqual([{ severity: 'error', y: 78, height: 2 }]));
  it('end in round numbers', () => {
    expect([0, 1, 3, 70, 1000, 1001].map(roundTop)).toEqual([1, 1, 3, 80, 1000, 2000]);
    expect(highest([{}, { info: 2, warn: 1 }])).toBe(3);
  });
});

describe('lines', () => {
  it('show milliseconds, and the day where the range has several', () => {
    const ms = new Date(2026, 10, 21, 9, 5, 7, 42).getTime();
    expect(clockText(ms, false)).toBe('09:05:07.042');
    expect(clockText(ms, true)).toBe('21 Nov 09:05:07.042');
    expect(lineTime('2026-11-21T09:05:07.042123456Z')).toBe(Date.UTC(2026, 10, 21, 9, 5, 7, 42));
  });
  it('are one line each', () => expect(bodyOf('a\n\tb  c\n')).toBe('a b c'));
  it('have placeholders told apart from words in templates', () => {
    expect(templatePieces('took <duration> for <*>: <b')).toEqual([
      { text: 'took ', placeholder: false },
      { text: '<duration>', placeholder: true },
      { text: ' for ', placeholder: false },
      { text: '<*>', placeholder: true },
      { text: ': <b', placeholder: false },
    ]);
  });
});

it('puts what arrives on top, newest first, and keeps no more than there is room for', () => {
  const record = (id: string) => ({ id }) as Parameters<typeof mergeTail>[0][number];
  expect(mergeTail([record('2')], [record('2'), record('3'), record('4')], 3).map(({ id }) => id)).toEqual(['4', '3', '2']);
  expect(mergeTail([record('2'), record('1')], [record('3')], 2).map(({ id }) => id)).toEqual(['3', '2']);
});

it('reads its address, and nothing that is not its own', () => {
  expect(validateLogsSearch({ q: 'x', view: 'patterns', live: '1', col: 'user.id', wrap: '1', log: '' })).toEqual({ q: 'x', view: 'patterns', live: '1', col: ['user.id'], wrap: '1' });
  expect(validateLogsSearch({ view: 'lines', live: 'yes', col: ['a', 'b'] })).toEqual({ col: ['a', 'b'] });
});
