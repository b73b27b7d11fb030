import { AppError, labelsFromObject } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { parseHistogramText } from '../histogram/histogram-text.ts';
import type { MatrixSeries, QueryResult, QueryValue } from '../value.ts';
import { almostEqual } from './almost-equal.ts';
import type { LoadedSeries } from './script-load.ts';
import { runScript, type ScriptReport, type ScriptStore } from './script-runner.ts';

/** Answers every query with what the test says, so that only the runner is under test. */
interface Canned {
  readonly value?: QueryValue;
  readonly matrix?: readonly MatrixSeries[];
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
  readonly error?: string;
}

function cannedStore(canned: Canned, loaded: LoadedSeries[] = []): ScriptStore {
  const answer = async (value: QueryValue): Promise<QueryResult> => {
    if (canned.error !== undefined) throw new AppError('query_failed', canned.error);
    const { warnings = [], infos = [] } = canned;
    return { value, warnings, infos, stats: { samplesRead: 0, seriesRead: 0 } };
  };
  return {
    engine: {
      instant: () => answer(canned.value ?? { type: 'vector', samples: [] }),
      range: (_, startMs, endMs) => answer({ type: 'matrix', series: canned.matrix ?? asMatrix(canned.value, (startMs + endMs) / 2) }),
    },
    async append(series) {
      loaded.push(...series);
    },
    async clear() {
      loaded.length = 0;
    },
  };
}

/** What a range query around the instant one would answer. */
function asMatrix(value: QueryValue | undefined, timeMs: number): MatrixSeries[] {
  if (value?.type === 'scalar') return [floats({}, [timeMs, value.value])];
  if (value?.type !== 'vector') return [];
  return value.samples.map((sample) =>
    sample.histogram === undefined
      ? { labels: sample.labels, timestampsMs: Float64Array.of(timeMs), values: Float64Array.of(sample.value!) }
      : {
          labels: sample.labels,
          timestampsMs: new Float64Array(),
          values: new Float64Array(),
          histograms: [{ timestampMs: timeMs, histogram: sample.histogram }],
        },
  );
}

function floats(labels: Record<string, string>, ...points: [timeMs: number, value: number][]): MatrixSeries {
  return {
    labels: labelsFromObject(labels),
    timestampsMs: Float64Array.from(points, ([timeMs]) => timeMs),
    values: Float64Array.from(points, ([, value]) => value),
  };
}

const vector = (...samples: [labels: Record<string, string>, value: number | string][]): QueryValue => ({
  type: 'vector',
  samples: samples.map(([labels, value]) => ({
    labels: labelsFromObject(labels),
    timestampMs: 0,
    ...(typeof value === 'number' ? { value } : { histogram: parseHistogramText(value).histogram }),
  })),
});

async function run(script: string, canned: Canned): Promise<ScriptReport> {
  return runScript(script, { name: 'test', createStore: async () => cannedStore(canned) });
}

/** 'pass', or why the script's one eval did not. */
async function verdict(script: string, canned: Canned): Promise<string> {
  const report = await run(script, canned);
  expect(report).toMatchObject({ total: 1, passed: report.failed.length === 0 ? 1 : 0 });
  return report.failed[0]?.reason ?? 'pass';
}

describe('runScript', () => {
  const api = { env: 'api' };
  const web = { env: 'web' };

  it('compares vectors whatever their order, and in order where asked', async () => {
    const value = vector([api, 1], [web, 2]);
    expect(await verdict('eval instant at 1m q\n  {env="web"} 2\n  {env="api"} 1', { value })).toBe('pass');
    expect(await verdict('eval instant at 1m q\n expect ordered\n  {env="api"} 1\n  {env="web"} 2', { value })).toBe('pass');
    expect(await verdict('eval_ordered instant at 1m q\n  {env="api"} 1\n  {env="web"} 2', { value })).toBe('pass');
    expect(await verdict('eval instant at 1m q\n expect ordered\n  {env="web"} 2\n  {env="api"} 1', { value })).toMatch(/position 2/);
  });

  it('finds wrong, missing and surplus samples', async () => {
    const value = vector([api, 1]);
    expect(await verdict('eval instant at 1m q\n  {env="api"} 2', { value })).toMatch('expected 2, but got 1');
    expect(await verdict('eval instant at 1m q\n  {env="api"} 1\n  {env="web"} 1', { value })).toMatch(/web.*not found/);
    expect(await verdict('eval instant at 1m q', { value })).toMatch('unexpected {env="api"} 1');
    expect(await verdict('eval instant at 1m q\n  {env="api"} {{count:1}}', { value })).toMatch('but got 1');
    expect(await verdict('eval instant at 1m q\n  {env="api"} 1.0000001', { value })).toBe('pass');
  });

  it('checks the middle step of the range query, too', async () => {
    const matrix = [floats(api, [0, 5], [60_000, 6], [120_000, 7])];
    expect(await verdict('eval instant at 1m q\n {env="api"} 1', { value: vector([api, 1]), matrix })).toMatch(/as a range query.*but got 6/);
    expect(await verdict('eval instant at 1m q\n {env="api"} 6', { value: vector([api, 6]), matrix })).toBe('pass');
    expect(await verdict('eval instant at 1m q[range()]\n {env="api"} 1', { value: vector([api, 1]), matrix })).toBe('pass');
  });

  it('compares histograms without empty buckets, and hints only where given', async () => {
    const value = vector([api, '{{count:3 buckets:[0 1 2 0] counter_reset_hint:not_reset}}']);
    expect(await verdict('eval instant at 0 q\n {env="api"} {{count:3 offset:1 buckets:[1 2]}}', { value })).toBe('pass');
    expect(await verdict('eval instant at 0 q\n {env="api"} {{count:3 offset:1 buckets:[1 2] counter_reset_hint:not_reset}}', { value })).toBe('pass');
    expect(await verdict('eval instant at 0 q\n {env="api"} {{count:3 offset:1 buckets:[1 2] counter_reset_hint:gauge}}', { value })).toMatch('gauge');
    expect(await verdict('eval instant at 0 q\n {env="api"} {{count:3 buckets:[1 2]}}', { value })).toMatch('offset:1');
  });

  it('compares scalars and strings', async () => {
    expect(await verdict('eval instant at 0 q\n 0x10', { value: { type: 'scalar', timestampMs: 0, value: 16 } })).toBe('pass');
    expect(await verdict('eval instant at 0 q\n NaN', { value: { type: 'scalar', timestampMs: 0, value: NaN } })).toBe('pass');
    expect(await verdict('eval instant at 0 q\n 1', { value: vector([{}, 1]) })).toMatch('expected a scalar');
    expect(await verdict('eval instant at 0 q\n {} 1', { value: { type: 'scalar', timestampMs: 0, value: 1 } })).toMatch('expected a vector');
    expect(await verdict('eval instant at 0 q\n expect string "a\\"b"', { value: { type: 'string', timestampMs: 0, value: 'a"b' } })).toBe('pass');
    expect(await verdict('eval instant at 0 q\n expect string `a`', { value: { type: 'string', timestampMs: 0, value: 'b' } })).toMatch('"a"');
  });

  it('compares matrices point by point', async () => {
    const matrix = [floats(api, [0, 1], [120_000, 3])];
    expect(await verdict('eval range from 0 to 2m step 1m q\n {env="api"} 1 _ 3', { matrix })).toBe('pass');
    expect(await verdict('eval range from 0 to 2m step 1m q\n {env="api"} 1 2 3', { matrix })).toMatch('expected 2 at 60000 ms');
    expect(await verdict('eval range from 0 to 2m step 1m q\n {env="api"} 1', { matrix })).toMatch('1 points more');
    expect(await verdict('eval range from 0 to 2m step 1m q\n {env="api"} 1 _ 3 _ 5', { matrix })).toMatch('more than the range has steps');
    expect(await verdict('eval range from 0 to 2m step 1m q', { matrix: [floats(web, [0, 1]), floats(api, [0, 1])] })).toMatch('not ordered');
  });

  it('compares a range vector of an instant query', async () => {
    const value: QueryValue = { type: 'matrix', series: [floats(api, [10_000, 1], [20_000, 2])] };
    expect(await verdict('eval instant at 20s q[15s]\n expect range vector from 10s to 20s step 10s\n {env="api"} 1 2', { value })).toBe('pass');
  });

  it('expects failures', async () => {
    const error = 'found duplicate series';
    expect(await verdict('eval instant at 0 q\n expect fail', { error })).toBe('pass');
    expect(await verdict('eval_fail instant at 0 q', { error })).toBe('pass');
    expect(await verdict('eval instant at 0 q\n expect fail msg: found duplicate series', { error })).toBe('pass');
    expect(await verdict('eval instant at 0 q\n expect fail msg: "found duplicate series"', { error })).toBe('pass');
    expect(await verdict('eval instant at 0 q\n expect fail regex: dup.*es', { error })).toBe('pass');
    expect(await verdict('eval_fail instant at 0 q\n expected_fail_message found duplicate series', { error })).toBe('pass');
    expect(await verdict('eval_fail instant at 0 q\n expected_fail_regexp ^found', { error })).toBe('pass');
    expect(await verdict('eval instant at 0 q\n expect fail msg: duplicate', { error })).toMatch('expected an error matching');
    expect(await verdict('eval instant at 0 q', { error })).toMatch('the query failed: found duplicate');
    expect(await verdict('eval instant at 0 q\n expect fail', {})).toMatch('expected the query to fail');
  });

  it('expects annotations', async () => {
    const canned = { value: vector(), warnings: ['PromQL warning: odd (1:5)'], infos: [] };
    expect(await verdict('eval instant at 0 q', canned)).toBe('pass');
    expect(await verdict('eval instant at 0 q\n expect warn\n expect no_info', canned)).toBe('pass');
    expect(await verdict('eval_warn instant at 0 q', canned)).toBe('pass');
    expect(await verdict('eval instant at 0 q\n expect warn msg: PromQL warning: odd (1:5)', canned)).toBe('pass');
    expect(await verdict('eval instant at 0 q\n expect warn regex: odd \\(\\d+:\\d+\\)', canned)).toBe('pass');
    expect(await verdict('eval instant at 0 q\n expect warn msg: PromQL warning: odd', canned)).toMatch('expected a warn annotation matching');
    expect(await verdict('eval instant at 0 q\n expect no_warn', canned)).toMatch('unexpected warnings');
    expect(await verdict('eval instant at 0 q\n expect info', canned)).toMatch('expected a info annotation');
    const two = { ...canned, warnings: ['a (1:1)', 'b (1:1)'] };
    expect(await verdict('eval instant at 0 q\n expect warn msg: a (1:1)', two)).toMatch('unexpected warn annotation: b');
  });

  it('loads series at multiples of the step, without gaps', async () => {
    const loaded: LoadedSeries[] = [];
    await runScript('load 10s\n  m{a="b"} 1 _ stale 4\n\n# done', { name: 'test', createStore: async () => cannedStore({}, loaded) });
    expect(loaded).toEqual([
      {
        labels: labelsFromObject({ __name__: 'm', a: 'b' }),
        points: [
          { timestampMs: 0, value: { kind: 'float', value: 1 } },
          { timestampMs: 20_000, value: { kind: 'stale' } },
          { timestampMs: 30_000, value: { kind: 'float', value: 4 } },
        ],
      },
    ]);
  });

  it('loads classic histograms as native ones beside them', async () => {
    const loaded: LoadedSeries[] = [];
    const script = 'load_with_nhcb 5m\n h_bucket{le="1",a="b"} 2\n h_bucket{le="+Inf",a="b"} 5\n h_count{a="b"} 5\n h_sum{a="b"} 7';
    await runScript(script, { name: 'test', createStore: async () => cannedStore({}, loaded) });
    expect(loaded).toHaveLength(5);
    expect(loaded[4]).toMatchObject({
      labels: labelsFromObject({ __name__: 'h', a: 'b' }),
      points: [{ timestampMs: 0, value: { histogram: { count: 5, sum: 7, customValues: [1], positiveBuckets: [2, 3] } } }],
    });
  });

  it('reports a script it cannot read with its line', async () => {
    for (const [script, line] of [
      ['load 5m\n  m 1\n\nfrobnicate', 4],
      ['load 5x', 1],
      ['load 5m\n  m 1+2', 2],
      ['eval instant at 0 q\n expect wonder', 2],
      ['eval range from 5m to 0 step 1m q', 1],
      ['eval instant at 0 q\n {} 1 2', 2],
    ] as const) {
      const report = await run(script, {});
      expect(report).toMatchObject({ passed: 0, failed: [{ line }] });
    }
  });

  it('runs only the chosen lines', async () => {
    const report = await runScript('eval instant at 0 a\n\neval instant at 0 b', {
      name: 'test',
      createStore: async () => cannedStore({}),
      lines: new Set([3]),
    });
    expect(report).toMatchObject({ total: 1, passed: 1 });
  });
});

describe('almostEqual', () => {
  it.each([
    [1, 1.0000019, true],
    [1, 1.000003, false],
    [0, 1e-300, false],
    [NaN, NaN, true],
    [Infinity, Infinity, true],
    [Infinity, Number.MAX_VALUE, false],
    [1e308, 1.0000001e308, true],
  ])('of %d and %d is %s', (a, b, equal) => {
    expect(almostEqual(a, b)).toBe(equal);
  });
});
