import type { NativeHistogram } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { detectReset, withStatsHints, withStorageHints } from './histogram-reset.ts';
import { parseHistogramText } from './histogram-text.ts';

const h = (body: string): NativeHistogram => parseHistogramText(`{{${body}}}`).histogram;
const samples = (...bodies: string[]) => bodies.map((body, i) => ({ timestampMs: i * 1000, histogram: h(body) }));
const hints = (found: readonly { histogram: NativeHistogram }[]) => found.map(({ histogram }) => histogram.counterResetHint);

describe('detectReset', () => {
  const before = 'count:6 z_bucket:1 z_bucket_w:0.001 buckets:[2 3]';

  it.each([
    ['nothing changed', before, false],
    ['counts grew', 'count:9 z_bucket:2 z_bucket_w:0.001 buckets:[3 4]', false],
    ['the count fell', 'count:5 z_bucket:1 z_bucket_w:0.001 buckets:[2 3]', true],
    ['one bucket fell though the count grew', 'count:9 z_bucket:1 z_bucket_w:0.001 buckets:[1 7]', true],
    ['a populated bucket is gone', 'count:9 z_bucket:1 z_bucket_w:0.001 buckets:[8]', true],
    ['the zero bucket fell', 'count:9 z_bucket_w:0.001 buckets:[4 5]', true],
    ['the resolution grew', 'schema:1 count:9 z_bucket:1 z_bucket_w:0.001 buckets:[2 3 4]', true],
    ['the zero threshold shrank', 'count:9 z_bucket:1 z_bucket_w:0.0001 buckets:[4 5]', true],
    // (0.5,1] and (1,2] go into schema -1's (0.25,1] and (1,4].
    ['the resolution fell with the counts kept', 'schema:-1 count:6 z_bucket:1 z_bucket_w:0.001 buckets:[2 3]', false],
    // A threshold of 1 takes in (0.5,1] with its 2 observations: 3 in the zero bucket.
    ['the zero bucket grew over a bucket', 'count:6 z_bucket:3 z_bucket_w:1 offset:1 buckets:[3]', false],
    ['the zero bucket grew, but lost some', 'count:6 z_bucket:2 z_bucket_w:1 offset:1 buckets:[4]', true],
    ['the zero threshold cuts a populated bucket', 'count:9 z_bucket:4 z_bucket_w:0.7 offset:1 buckets:[5]', true],
    ['the buckets became custom ones', 'schema:-53 count:9 custom_values:[1] buckets:[9]', true],
  ])('%s', (_, now, reset) => {
    expect(detectReset(h(now), h(before))).toBe(reset);
  });

  it('does not count what moved into the zero bucket as lost when the resolution falls, too', () => {
    // (0.125,0.25] goes into the zero bucket of 0.25; schema -2's (1/16,1] holds only what lies above it.
    const previous = h('count:3 offset:-2 buckets:[1 0 2]');
    expect(detectReset(h('schema:-2 count:3 z_bucket:1 z_bucket_w:0.25 buckets:[2]'), previous)).toBe(false);
    expect(detectReset(h('schema:-2 count:3 z_bucket:1 z_bucket_w:0.25 buckets:[1]'), previous)).toBe(true);
  });

  it('believes an explicit hint', () => {
    expect(detectReset(h('count:1 counter_reset_hint:not_reset'), h('count:5'))).toBe(false);
    expect(detectReset(h('count:9 counter_reset_hint:reset'), h('count:5'))).toBe(true);
  });

  it('compares custom buckets over the bounds both have', () => {
    const previous = h('schema:-53 count:15 custom_values:[2 4 6] buckets:[1 2 5 7]');
    // Up to 4 there were 3, now 1+0+1 = 2.
    expect(detectReset(h('schema:-53 count:15 custom_values:[2 3 4 6] buckets:[1 0 1 5 8]'), previous)).toBe(true);
    expect(detectReset(h('schema:-53 count:16 custom_values:[4 6] buckets:[4 5 7]'), previous)).toBe(false);
  });
});

describe('withStorageHints', () => {
  it('says not_reset only within a chunk, and never reset', () => {
    const found = withStorageHints(samples('count:1', 'count:2', 'count:1', 'count:2 counter_reset_hint:reset', 'count:3'));
    expect(hints(found)).toEqual(['unknown', 'not_reset', 'unknown', 'unknown', 'not_reset']);
  });

  it('starts anew behind a gauge, a float or a stale marker', () => {
    const found = withStorageHints(samples('count:1', 'count:2 counter_reset_hint:gauge', 'count:3', 'count:4', 'count:5'), [3500]);
    expect(hints(found)).toEqual(['unknown', 'gauge', 'unknown', 'not_reset', 'unknown']);
  });
});

describe('withStatsHints', () => {
  it('fills in unknown hints from the sample before', () => {
    const found = withStatsHints(samples('count:1', 'count:2', 'count:1', 'count:0 counter_reset_hint:gauge'));
    expect(hints(found)).toEqual(['unknown', 'not_reset', 'reset', 'gauge']);
  });
});
