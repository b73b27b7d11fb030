import { gunzipSync } from 'node:zlib';
import { AppError, DEFAULT_LIMITS, labelsFromObject, type Labels, type NativeHistogram } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMetricQueries, type MetricQueries, type QueryOutcome, type QueryValue } from '../../query/metric-queries.ts';
import { MemoryReader } from '../../../../promql/src/memory-reader.ts';
import { fakeClock, noMeter, NOW_MS, send, startServer, withCardinality } from '../fixtures/running-server.ts';
import type { HttpServers } from '../http-servers.ts';

/** Answers of the engine, by query: these tests are about their form on the wire. */
const values = new Map<string, QueryValue>();
const failures = new Map<string, Error>();
const asked: object[] = [];

function outcome(query: string): QueryOutcome {
  const failure = failures.get(query);
  if (failure) throw failure;
  const warned = query.includes('warned');
  return {
    value: values.get(query) ?? { type: 'vector', samples: [] },
    warnings: warned ? ['PromQL warning: careful (1:1)'] : [],
    infos: warned ? ['PromQL info: by the way (1:1)'] : [],
    stats: { samplesRead: 7, seriesRead: 1 },
  };
}

function queries(): MetricQueries {
  const reader = new MemoryReader();
  const metric = (name: string, job: string): Labels => labelsFromObject({ __name__: name, job });
  reader.appendFloat(metric('up', 'api'), NOW_MS - 1000, 1);
  reader.appendFloat(metric('up', 'db'), NOW_MS - 1000, 0);
  reader.appendFloat(metric('load', 'db'), NOW_MS - 1000, 0.5);
  reader.addMetadata({ metric: 'up', type: 'gauge', help: 'Is it up?', unit: '' });
  reader.addMetadata({ metric: 'load', type: 'gauge', help: '', unit: 'ratio' });
  reader.appendExemplar(metric('up', 'api'), { labels: ['trace_id', 'abc'], value: 1, timestampMs: NOW_MS - 500 });
  const real = createMetricQueries({ reader: withCardinality(reader), limits: DEFAULT_LIMITS, clock: fakeClock(), meter: noMeter });
  return {
    ...real,
    async instant(query, timeMs, options) {
      asked.push({ query, timeMs, timeoutMs: options?.timeoutMs, lookbackMs: options?.lookbackMs });
      return outcome(query);
    },
    async range(question) {
      asked.push(question);
      return outcome(question.query);
    },
  };
}

let servers: HttpServers;
beforeAll(async () => {
  servers = await startServer({ metrics: queries() });
});
afterAll(() => servers.close());

const get = (path: string, headers: Record<string, string> = {}) => send(servers.urls.main, `/api/v1${path}`, { headers });
const post = (path: string, form: string) =>
  send(servers.urls.main, `/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form });
const seconds = NOW_MS / 1000;

const histogram: NativeHistogram = {
  schema: 0,
  zeroThreshold: 0.25,
  zeroCount: 3,
  count: 9,
  sum: -4.5,
  positiveSpans: [{ offset: 1, length: 2 }],
  positiveBuckets: [2, 0],
  negativeSpans: [{ offset: 0, length: 1 }],
  negativeBuckets: [4],
  counterResetHint: 'unknown',
};

describe('query', () => {
  it('writes scalars, strings and vectors as Prometheus does', async () => {
    values.set('1', { type: 'scalar', timestampMs: NOW_MS + 5, value: 1e30 });
    expect((await get('/query?query=1')).text).toBe(`{"status":"success","data":{"resultType":"scalar","result":[${seconds}.005,"1e+30"]}}`);
    values.set('s', { type: 'string', timestampMs: NOW_MS, value: 'a"b\u{2028}' });
    expect((await get('/query?query=s')).json).toEqual({ status: 'success', data: { resultType: 'string', result: [seconds, 'a"b\u{2028}'] } });
    values.set('v', {
      type: 'vector',
      samples: [
        { labels: ['__name__', 'a', 'b', 'c"d'], timestampMs: NOW_MS, value: NaN },
        { labels: [], timestampMs: NOW_MS, histogram },
      ],
    });
    expect((await get('/query?query=v')).text).toBe(
      `{"status":"success","data":{"resultType":"vector","result":[` +
        `{"metric":{"__name__":"a","b":"c\\"d"},"value":[${seconds},"NaN"]},` +
        `{"metric":{},"histogram":[${seconds},{"count":"9","sum":"-4.5","buckets":[[1,"-1","-0.5","4"],[3,"-0.25","0.25","3"],[0,"1","2","2"]]}]}]}}`,
    );
    expect((await get('/query?query=nothing')).text).toBe('{"status":"success","data":{"resultType":"vector","result":[]}}');
  });

  it('takes the parameters of URL and form', async () => {
    asked.length = 0;
    await get('/query?query=a&time=2026-03-01T00:00:00Z&timeout=5s&lookback_delta=1m');
    await post('/query', 'query=b%7Bc%3D%22d%22%7D&time=1700000000.5');
    await get('/query?query=c');
    expect(asked).toEqual([
      { query: 'a', timeMs: Date.parse('2026-03-01T00:00:00Z'), timeoutMs: 5000, lookbackMs: 60_000 },
      { query: 'b{c="d"}', timeMs: 1_700_000_000_500, timeoutMs: undefined, lookbackMs: undefined },
      { query: 'c', timeMs: NOW_MS, timeoutMs: undefined, lookbackMs: undefined },
    ]);
  });

  it('adds warnings, infos and statistics', async () => {
    const answer = await get('/query?query=warned&stats=all');
    expect(answer.json).toMatchObject({
      data: { stats: { timings: { evalTotalTime: expect.any(Number) }, samples: { totalQueryableSamples: 7 } } },
      warnings: ['PromQL warning: careful (1:1)'],
      infos: ['PromQL info: by the way (1:1)'],
    });
  });

  it('cuts at limit and says so', async () => {
    const sample = (name: string) => ({ labels: ['__name__', name], timestampMs: NOW_MS, value: 1 });
    values.set('three', { type: 'vector', samples: [sample('a'), sample('b'), sample('c')] });
    const cut = (await get('/query?query=three&limit=2')).json as { data: { result: unknown[] }; warnings: string[] };
    expect([cut.data.result.length, cut.warnings]).toEqual([2, ['results truncated due to limit']]);
    const whole = (await get('/query?query=three&limit=3')).json as { data: { result: unknown[] }; warnings?: string[] };
    expect([whole.data.result.length, whole.warnings]).toEqual([3, undefined]);
  });

  it.each([
    [new AppError('bad_query', '1:3: parse error: unexpected end of input'), 400, 'bad_data', 'invalid parameter "query": 1:3: parse error: unexpected end of input'],
    [new AppError('query_failed', 'many-to-many matching not allowed'), 422, 'execution', 'many-to-many matching not allowed'],
    [new AppError('query_too_large', 'too many samples'), 422, 'execution', 'too many samples'],
    [new AppError('query_timeout', 'query timed out in expression evaluation'), 503, 'timeout', 'query timed out in expression evaluation'],
    [new AppError('canceled', 'query was canceled'), 503, 'canceled', 'query was canceled'],
    [new AppError('store_unavailable', 'no store', { retryAfterSeconds: 2 }), 503, 'unavailable', 'no store'],
    [new Error('a defect'), 500, 'internal', 'a defect'],
  ])('answers %s as Prometheus does', async (error, status, errorType, message) => {
    failures.set('broken', error);
    const answer = await get('/query?query=broken');
    expect([answer.status, answer.json]).toEqual([status, { status: 'error', errorType, error: message }]);
  });
});

describe('query_range', () => {
  it('writes matrices', async () => {
    const timestampsMs = Float64Array.of(NOW_MS, NOW_MS + 500);
    values.set('m', {
      type: 'matrix',
      series: [
        { labels: ['a', '1'], timestampsMs, values: Float64Array.of(1, -0.5) },
        { labels: ['a', '2'], timestampsMs: Float64Array.of(NOW_MS), values: Float64Array.of(Infinity) },
        { labels: ['a', '3'], timestampsMs: new Float64Array(0), values: new Float64Array(0), histograms: [{ timestampMs: NOW_MS, histogram: { ...histogram, count: 0, zeroCount: 0, positiveBuckets: [0, 0], negativeBuckets: [0] } }] },
      ],
    });
    const answer = await get(`/query_range?query=m&start=${seconds}&end=${seconds + 1}&step=0.5`);
    expect(answer.text).toBe(
      `{"status":"success","data":{"resultType":"matrix","result":[` +
        `{"metric":{"a":"1"},"values":[[${seconds},"1"],[${seconds}.500,"-0.5"]]},` +
        `{"metric":{"a":"2"},"values":[[${seconds},"+Inf"]]},` +
        `{"metric":{"a":"3"},"histograms":[[${seconds},{"count":"0","sum":"-4.5"}]]}]}}`,
    );
  });

  it.each([
    ['query=m&end=1&step=1', 'invalid parameter "start": cannot parse "" to a valid timestamp'],
    ['query=m&start=2&end=1&step=1', 'invalid parameter "end": end timestamp must not be before start time'],
    ['query=m&start=1&end=2&step=0', 'invalid parameter "step": zero or negative query resolution step widths are not accepted. Try a positive integer'],
    ['query=m&start=0&end=11001&step=1', 'exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)'],
    ['query=m&start=0&end=1&step=1&timeout=x', 'invalid parameter "timeout": cannot parse "x" to a valid duration'],
  ])('refuses %s', async (parameters, error) => {
    const answer = await get(`/query_range?${parameters}`);
    expect([answer.status, answer.json]).toEqual([400, { status: 'error', errorType: 'bad_data', error }]);
  });

  it('streams large answers, with gzip for callers on other machines', async () => {
    const timestampsMs = Float64Array.from({ length: 200 }, (_, i) => NOW_MS + i * 1000);
    const one = (i: number) => ({ labels: ['__name__', 'm', 'i', `${i}é`], timestampsMs: timestampsMs.slice(), values: timestampsMs.map((_, j) => i + j / 7) });
    values.set('large', { type: 'matrix', series: Array.from({ length: 500 }, (_, i) => one(i)) });
    const path = `/query_range?query=large&start=${seconds}&end=${seconds + 199}&step=1`;
    const plain = await get(path);
    expect((await get(path, { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
    const zipped = await get(path, { 'accept-encoding': 'gzip', 'x-forwarded-for': '10.0.0.7' });
    expect(zipped.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(zipped.body).equals(plain.body)).toBe(true);
    const { result } = (plain.json as { data: { result: { metric: Record<string, string>; values: [number, string][] }[] } }).data;
    expect(result).toHaveLength(500);
    expect(result[499]).toMatchObject({ metric: { i: '499é' } });
    expect(result[499]!.values[199]).toEqual([seconds + 199, String(499 + 199 / 7)]);
  });
});

describe('series, labels and metadata', () => {
  it('finds series by selectors', async () => {
    expect((await get('/series?match[]=up&match[]=load')).json).toEqual({
      status: 'success',
      data: expect.arrayContaining([{ __name__: 'up', job: 'api' }, { __name__: 'up', job: 'db' }, { __name__: 'load', job: 'db' }]),
    });
    expect((await post('/series', 'match%5B%5D=up%7Bjob%3D%22db%22%7D')).json).toMatchObject({ data: [{ __name__: 'up', job: 'db' }] });
    expect((await get('/series?match[]=up&limit=1')).json).toMatchObject({ data: [{ __name__: 'up' }], warnings: ['results truncated due to limit'] });
    expect((await get('/series?match[]=up&end=1')).json).toEqual({ status: 'success', data: [] });
  });

  it.each([
    ['/series', 'no match[] parameter provided'],
    ['/series?match[]={a=""}', expect.stringContaining('must contain at least one non-empty matcher')],
    ['/series?match[]=rate(up[1m])', expect.stringContaining('invalid parameter "match[]"')],
    ['/series?match[]=up&start=2&end=1', 'end timestamp must not be before start timestamp'],
  ])('refuses %s', async (path, error) => {
    const answer = await get(path);
    expect([answer.status, answer.json]).toEqual([400, { status: 'error', errorType: 'bad_data', error }]);
  });

  it('lists label names and values', async () => {
    expect((await get('/labels')).json).toEqual({ status: 'success', data: ['__name__', 'job'] });
    expect((await get('/label/job/values')).json).toEqual({ status: 'success', data: ['api', 'db'] });
    expect((await get('/label/job/values?match[]=load')).json).toEqual({ status: 'success', data: ['db'] });
    expect((await get('/label/U__a_2e_b/values')).json).toEqual({ status: 'success', data: [] });
    expect((await get('/label/__name__/values?limit=1')).json).toEqual({ status: 'success', data: ['load'], warnings: ['results truncated due to limit'] });
  });

  it('gives metadata and exemplars', async () => {
    expect((await get('/metadata')).json).toEqual({ status: 'success', data: { up: [{ type: 'gauge', help: 'Is it up?', unit: '' }], load: [{ type: 'gauge', help: '', unit: 'ratio' }] } });
    expect((await get('/metadata?metric=load')).json).toMatchObject({ data: { load: [{ unit: 'ratio' }] } });
    expect(Object.keys(((await get('/metadata?limit=1')).json as { data: object }).data)).toHaveLength(1);
    expect((await get('/query_exemplars?query=rate(up[5m])%2Bload')).json).toEqual({
      status: 'success',
      data: [{ seriesLabels: { __name__: 'up', job: 'api' }, exemplars: [{ labels: { trace_id: 'abc' }, value: '1', timestamp: seconds - 0.5 }] }],
    });
  });
});

describe('expressions', () => {
  it('formats and parses', async () => {
    expect((await get('/format_query?query=sum(rate(up[5m]))by(job)')).json).toEqual({ status: 'success', data: 'sum by (job) (rate(up[5m]))' });
    expect((await post('/parse_query', 'query=up')).json).toMatchObject({ status: 'success', data: { type: 'vectorSelector', name: 'up' } });
    expect(await get('/parse_query?query=up%20up')).toMatchObject({ status: 400, json: { errorType: 'bad_data', error: expect.stringMatching(/^invalid parameter "query": 1:4: parse error/) } });
  });
});

describe('targets, rules and status', () => {
  it('shows active and dropped targets by state', async () => {
    expect((await get('/targets')).json).toEqual({
      status: 'success',
      data: {
        activeTargets: [
          {
            discoveredLabels: { __address__: '10.0.0.1:9100' },
            labels: { instance: '10.0.0.1:9100', job: 'node' },
            scrapePool: 'node',
            scrapeUrl: 'http://10.0.0.1:9100/metrics',
            globalUrl: 'http://10.0.0.1:9100/metrics',
            lastError: '',
            lastScrape: '2026-03-01T11:59:55.000Z',
            lastScrapeDuration: 0.012,
            health: 'up',
            scrapeInterval: '15s',
            scrapeTimeout: '10s',
          },
        ],
        droppedTargets: [{ discoveredLabels: { __address__: '10.0.0.2:9100' }, scrapePool: 'gone' }],
        droppedTargetCounts: { node: 0, gone: 1 },
      },
    });
    expect((await get('/targets?state=active')).json).toMatchObject({ data: { activeTargets: [{}], droppedTargets: [] } });
    expect((await get('/targets?state=dropped')).json).toMatchObject({ data: { activeTargets: [], droppedTargets: [{}] } });
    expect((await get('/targets?state=other')).json).toMatchObject({ data: { activeTargets: [], droppedTargets: [] } });
    expect((await get('/scrape_pools')).json).toMatchObject({ data: { scrapePools: ['gone', 'node'] } });
    expect((await get('/targets/metadata?match_target={job=~"no.*"}&metric=up')).json).toEqual({
      status: 'success',
      data: [{ target: { job: 'node', instance: '10.0.0.1:9100' }, type: 'gauge', help: 'Is it up?', unit: '' }],
    });
    expect((await get('/targets/metadata?match_target={job="x"}')).json).toEqual({ status: 'success', data: [] });
  });

  it('has no rules and no alerts yet', async () => {
    expect((await get('/rules')).text).toBe('{"status":"success","data":{"groups":[]}}');
    expect((await get('/alerts')).text).toBe('{"status":"success","data":{"alerts":[]}}');
    expect((await get('/rules?type=x')).json).toMatchObject({ error: 'invalid parameter "type": not supported value "x"' });
  });

  it('reports what Grafana looks for', async () => {
    expect((await get('/status/buildinfo')).json).toMatchObject({ data: { application: 'pitot', version: expect.stringMatching(/^3\.\d+\.\d+$/) } });
    expect((await get('/status/runtimeinfo')).json).toMatchObject({ data: { storageRetention: '30d' } });
    expect((await get('/status/flags')).json).toMatchObject({ data: { 'query.timeout': '60s' } });
    expect((await get('/status/config')).json).toEqual({ status: 'success', data: { yaml: 'scrape_configs: []\n' } });
    expect((await get('/status/tsdb?limit=1')).json).toMatchObject({
      data: { headStats: { numSeries: 3 }, seriesCountByMetricName: [{ name: 'up', value: 2 }], seriesCountByLabelValuePair: [{ name: '__name__=up', value: 2 }] },
    });
  });

  it('answers probes', async () => {
    expect((await send(servers.urls.main, '/-/healthy')).text).toBe('Pitot is healthy.\n');
    expect((await send(servers.urls.main, '/-/ready')).status).toBe(200);
  });
});
