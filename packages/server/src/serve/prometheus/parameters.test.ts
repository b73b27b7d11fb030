import { describe, expect, it } from 'vitest';
import { instantParameters, MAX_TIME_MS, MIN_TIME_MS, parseSpanMs, parseTimeMs, rangeParameters, readParameters, seriesParameters } from './parameters.ts';

describe('times', () => {
  it.each([
    ['1700000000', 1_700_000_000_000],
    ['1700000000.123', 1_700_000_000_123],
    ['1.7e9', 1_700_000_000_000],
    ['-1.5', -1500],
    ['2015-07-01T20:10:51.781Z', 1_435_781_451_781],
    ['2015-07-01T22:10:51.781+02:00', 1_435_781_451_781],
    ['-292273086-05-16T16:47:06Z', MIN_TIME_MS],
    ['292277025-08-18T07:12:54.999999999Z', MAX_TIME_MS],
  ])('reads %s', (text, timeMs) => {
    expect(parseTimeMs(text)).toBe(timeMs);
  });

  it.each(['', 'now', '2015-07-01', '2015-13-01T00:00:00Z', '1700000000x', '0x10', 'NaN', 'Infinity'])('refuses %j', (text) => {
    expect(() => parseTimeMs(text)).toThrow(`cannot parse ${JSON.stringify(text)} to a valid timestamp`);
  });
});

describe('durations', () => {
  it.each([
    ['15', 15_000],
    ['0.5', 500],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['-1', -1000],
  ])('reads %s', (text, spanMs) => {
    expect(parseSpanMs(text)).toBe(spanMs);
  });

  it('refuses what is none, and what overflows', () => {
    expect(() => parseSpanMs('1x')).toThrow('cannot parse "1x" to a valid duration');
    expect(() => parseSpanMs('1e18')).toThrow('overflows int64');
  });
});

describe('readParameters', () => {
  it('lets the form go before the URL, and joins what may be repeated', () => {
    expect(readParameters(instantParameters, { query: 'url', time: '1' }, { query: 'form' })).toMatchObject({ query: 'form', time: 1000 });
    expect(readParameters(instantParameters, { query: ['first', 'second'] }, undefined)).toMatchObject({ query: 'first' });
    expect(readParameters(seriesParameters, { 'match[]': 'a' }, { 'match[]': ['b', 'c'] })['match[]']).toEqual(['b', 'c', 'a']);
    expect(readParameters(seriesParameters, {}, undefined)).toEqual({ 'match[]': [] });
  });

  it('takes an empty parameter for an absent one, where Prometheus does', () => {
    expect(readParameters(instantParameters, { query: 'up', time: '', timeout: '', limit: '' }, undefined)).toEqual({ query: 'up' });
  });

  it('names the parameter in Prometheus’ words', () => {
    expect(() => readParameters(instantParameters, { query: 'up', time: 'x' }, undefined)).toThrow('invalid parameter "time": Invalid time value for \'time\': cannot parse "x" to a valid timestamp');
    expect(() => readParameters(rangeParameters, { query: 'up' }, undefined)).toThrow('invalid parameter "start": cannot parse "" to a valid timestamp');
    expect(() => readParameters(instantParameters, { query: 'up', limit: '-1' }, undefined)).toThrow('invalid parameter "limit": limit must be non-negative');
  });
});
