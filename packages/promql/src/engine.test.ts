import type { GridRequest, GridSeries, Labels, MetricReader, RawSeries, SelectRequest } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { Engine } from './engine.ts';
import { MemoryReader } from './memory-reader.ts';
import type { MatrixValue } from './value.ts';

const MINUTE = 60_000;

function reader(series: Record<string, number[]>): MemoryReader {
  const memory = new MemoryReader();
  for (const [text, values] of Object.entries(series)) {
    const labels: Labels = text.split(',').flatMap((pair) => pair.split('='));
    values.forEach((value, i) => memory.appendFloat(labels, i * MINUTE, value));
  }
  return memory;
}

const two = (): MemoryReader => reader({ '__name__=a_total,x=1': [0, 60, 120, 180], '__name__=a_total,x=2': [0, 120, 240, 360] });

describe('results', () => {
  it('gives a scalar, a string, a vector and a matrix', async () => {
    const engine = new Engine(two());
    expect((await engine.instant('1 + 1', 5)).value).toEqual({ type: 'scalar', timestampMs: 5, value: 2 });
    expect((await engine.instant('"x"', 5)).value).toEqual({ type: 'string', timestampMs: 5, value: 'x' });
    expect((await engine.instant('a_total', MINUTE)).value).toEqual({
      type: 'vector',
      samples: [
        { labels: ['__name__', 'a_total', 'x', '1'], timestampMs: MINUTE, value: 60 },
        { labels: ['__name__', 'a_total', 'x', '2'], timestampMs: MINUTE, value: 120 },
      ],
    });
    const { value } = await engine.instant('a_total{x="1"}[2m]', 2 * MINUTE);
    expect(value).toEqual({
      type: 'matrix',
      series: [{ labels: ['__name__', 'a_total', 'x', '1'], timestampsMs: Float64Array.of(MINUTE, 2 * MINUTE), values: Float64Array.of(60, 120) }],
    });
  });

  it('gives only the steps that have a value', async () => {
    const engine = new Engine(two());
    const { value, stats } = await engine.range('a_total{x="1"} > 60', 0, 3 * MINUTE, MINUTE);
    expect(value).toEqual({
      type: 'matrix',
      series: [
        { labels: ['__name__', 'a_total', 'x', '1'], timestampsMs: Float64Array.of(2 * MINUTE, 3 * MINUTE), values: Float64Array.of(120, 180) },
      ],
    });
    expect(stats).toEqual({ samplesRead: 4, seriesRead: 1 });
  });

  it('renders annotations with their position', async () => {
    const { infos, warnings } = await new Engine(two()).instant('quantile(2, rate({x="1"}[2m]))', 2 * MINUTE);
    expect(infos).toEqual([]);
    expect(warnings).toEqual(['PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)']);
    const gauge = await new Engine(reader({ '__name__=g': [1, 2, 3] })).instant('1 +\n rate(g[2m])', 2 * MINUTE);
    expect(gauge.infos).toEqual([
      'PromQL info: metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "g" (2:7)',
    ]);
  });

  it('keeps the order of sort and topk, and sorts anything else by labels', async () => {
    const engine = new Engine(two());
    const order = async (query: string): Promise<unknown> => {
      const { value } = await engine.instant(query, MINUTE);
      return value.type === 'vector' ? value.samples.map((sample) => sample.value) : value;
    };
    expect(await order('sort_desc(a_total)')).toEqual([120, 60]);
    expect(await order('topk(2, a_total)')).toEqual([120, 60]);
    expect(await order('(bottomk(2, a_total))')).toEqual([60, 120]);
    expect(await order('a_total * -1')).toEqual([-60, -120]);
  });

  it('refuses a range query for a range vector', async () => {
    await expect(new Engine(two()).range('a_total[5m]', 0, MINUTE, MINUTE)).rejects.toThrow(
      'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    );
  });
});

describe('limits', () => {
  it('names the limit that stopped a query', async () => {
    const tooLarge = (limit: string): unknown =>
      expect.objectContaining({ code: 'query_too_large', message: expect.stringContaining(`limits.${limit}`) });
    await expect(new Engine(two(), { maxSamples: 7 }).range('a_total', 0, 3 * MINUTE, MINUTE)).rejects.toEqual(tooLarge('query_max_samples'));
    await expect(new Engine(two(), { maxSeries: 1 }).instant('a_total', MINUTE)).rejects.toEqual(tooLarge('query_max_series'));
    await expect(new Engine(two(), { maxPoints: 3 }).range('a_total', 0, 3 * MINUTE, MINUTE)).rejects.toThrow('limits.query_max_points');
    const subquery = new Engine(two()).instant('max_over_time(a_total[10y:1ms])', MINUTE);
    await expect(subquery).rejects.toEqual(tooLarge('query_max_samples'));
  });

  it('stops when the caller goes away', async () => {
    const gone = AbortSignal.abort();
    await expect(new Engine(two()).instant('a_total', 0, { signal: gone })).rejects.toEqual(expect.objectContaining({ code: 'canceled' }));
  });

  it('turns an abort of the reader into what it was', async () => {
    const controller = new AbortController();
    const stuck = { select: (request: SelectRequest) => aborted(request.signal!) } as Partial<MetricReader> as MetricReader;
    const running = new Engine(stuck).instant('a', 0, { signal: controller.signal });
    controller.abort();
    await expect(running).rejects.toEqual(expect.objectContaining({ code: 'canceled' }));
    await expect(new Engine(stuck, { timeoutMs: 1 }).instant('a', 0)).rejects.toEqual(expect.objectContaining({ code: 'query_timeout' }));
  });

  it('looks at the clock', async () => {
    const late = new Engine(two(), { clock: { nowMs: ticking() }, timeoutMs: 1 });
    await expect(late.instant('a_total', 0)).rejects.toThrow('limits.query_timeout_seconds');
  });

  it('lets others run between operators', async () => {
    const query = new Engine(two(), { clock: { nowMs: ticking() }, timeoutMs: 60_000 }).instant('a_total + a_total + a_total', MINUTE);
    let others = 0;
    setTimeout(() => others++, 0);
    await query;
    expect(others).toBe(1);
  });

  it('counts samples that the reader let through', async () => {
    const series = { labels: ['__name__', 'a'], timestampsMs: Float64Array.of(1, 2, 3), values: Float64Array.of(1, 2, 3) };
    const generous = { select: async () => [series] } as Partial<MetricReader> as MetricReader;
    await expect(new Engine(generous, { maxSamples: 2 }).instant('a', 3)).rejects.toThrow('limits.query_max_samples');
  });
});

function ticking(): () => number {
  let nowMs = 0;
  return () => (nowMs += 10);
}

function aborted(signal: AbortSignal): Promise<RawSeries[]> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }));
}

/** Computes grids with the engine itself, one point at a time, to see that pushing down changes nothing. */
class GridReader implements Pick<MetricReader, 'select' | 'selectGrid'> {
  readonly asked: GridRequest[] = [];
  readonly #memory: MemoryReader;
  readonly #answers: boolean;

  constructor(memory: MemoryReader, answers = true) {
    this.#memory = memory;
    this.#answers = answers;
  }

  select(request: SelectRequest): Promise<RawSeries[]> {
    return this.#memory.select(request);
  }

  async selectGrid(request: GridRequest): Promise<GridSeries | undefined> {
    this.asked.push(request);
    if (!this.#answers) return undefined;
    const steps = Math.floor((request.endMs - request.startMs) / request.stepMs) + 1;
    const window = `[${request.windowMs}ms]`;
    const call = request.fn === 'last' ? `last_over_time({__name__="a_total"}${window})` : `${request.fn}({__name__="a_total"}${window})`;
    const engine = new Engine(this.#memory);
    const { value } = await engine.range(`label_replace(${call}, "__name__", "a_total", "", "")`, request.startMs, request.endMs, request.stepMs);
    const series = value.type === 'matrix' ? value.series : [];
    const values = new Float64Array(series.length * steps);
    const present = new Uint8Array(series.length * steps);
    series.forEach((one, i) => {
      one.timestampsMs.forEach((timeMs, k) => {
        const at = i * steps + (timeMs - request.startMs) / request.stepMs;
        values[at] = one.values[k]!;
        present[at] = 1;
      });
    });
    return { labels: series.map((one) => one.labels), steps, values, present, samplesRead: 0 };
  }
}

describe('pushing down to the reader', () => {
  const queries = [
    'a_total',
    'a_total offset 1m',
    'a_total @ 60',
    'rate(a_total[2m])',
    'sum by (x) (increase(a_total[2m] offset 1m))',
    'max_over_time(a_total[2m] @ end())',
    'max_over_time(rate(a_total[2m])[3m:1m])',
    'absent_over_time(a_total[1m])',
    'quantile_over_time(0.5, a_total[3m])',
    'predict_linear(a_total[3m] @ 120, 60)',
  ];

  it.each(queries)('%s is the same either way', async (query) => {
    const plain = await new Engine(two()).range(query, 0, 4 * MINUTE, MINUTE);
    for (const answers of [true, false]) {
      const pushing = new GridReader(two(), answers) as unknown as MetricReader;
      const pushed = await new Engine(pushing).range(query, 0, 4 * MINUTE, MINUTE);
      expect(pushed.value).toEqual(plain.value);
      expect(pushed.infos).toEqual(plain.infos);
    }
  });

  it('applies @ and offset to the request', async () => {
    const grid = new GridReader(two());
    await new Engine(grid as unknown as MetricReader).range('rate(a_total[2m] offset 1m) + a_total @ 60', 0, 4 * MINUTE, MINUTE);
    const byName = grid.asked.sort((a, b) => (a.fn < b.fn ? 1 : -1));
    expect(byName).toEqual([
      expect.objectContaining({ fn: 'rate', startMs: -MINUTE, endMs: 3 * MINUTE, stepMs: MINUTE, windowMs: 2 * MINUTE }),
      expect.objectContaining({ fn: 'last', startMs: MINUTE, endMs: MINUTE, stepMs: MINUTE, windowMs: 5 * MINUTE }),
    ]);
  });
});

describe('what a reader is told', () => {
  const HOUR = 60 * MINUTE;
  const RANGE = 24 * HOUR;

  async function requests(query: string, stepMs: number): Promise<SelectRequest[]> {
    const seen: SelectRequest[] = [];
    const memory = two();
    const select = memory.select.bind(memory);
    memory.select = (request) => {
      seen.push(request);
      return select(request);
    };
    await new Engine(memory).range(query, 0, RANGE, stepMs);
    return seen;
  }

  it('names the windows where they are less than half of the time', async () => {
    expect((await requests('a_total', HOUR))[0]!.windows).toEqual({ startMs: 0, stepMs: HOUR, windowMs: 5 * MINUTE });
    expect((await requests('rate(a_total[10m] offset 3m)', HOUR))[0]!.windows).toEqual({ startMs: -3 * MINUTE, stepMs: HOUR, windowMs: 10 * MINUTE });
    for (const query of ['rate(a_total[31m])', 'rate(a_total[10m] @ 0)', 'rate(a_total[10m] anchored)', 'a_total smoothed', 'histogram_count(rate(a_total[10m]))']) {
      const [request] = await requests(query, HOUR);
      expect(request!.windows).toBeUndefined();
    }
    expect((await requests('a_total', HOUR + 0.5))[0]!.windows).toBeUndefined();
  });
});

describe('memory', () => {
  /** Answers with samples whose memory it hands over. */
  function handingOver(): { reader: MetricReader; handed: Float64Array[] } {
    const memory = two();
    const handed: Float64Array[] = [];
    const select = memory.select.bind(memory);
    memory.select = async (request) => {
      const all = new Float64Array(16_384);
      return (await select(request)).map((series, i) => {
        const values = all.subarray(i * 16, i * 16 + series.values.length);
        values.set(series.values);
        request.memory?.push(all);
        handed.push(all);
        return { ...series, values };
      });
    };
    return { reader: memory, handed };
  }

  it.each(['sum(rate(a_total[2m]))', 'rate(a_total[2m])', 'a_total', 'sum(a_total smoothed)', 'topk(1, a_total) + on() group_left() sum(a_total)'])(
    'is given back after %s, and the answer is whole',
    async (query) => {
      const { reader: source, handed } = handingOver();
      const { value } = await new Engine(source).range(query, MINUTE, 3 * MINUTE, MINUTE);
      expect(handed.length).toBeGreaterThan(0);
      for (const { buffer } of handed) expect(buffer.byteLength).toBe(0);
      expect(value).toEqual((await new Engine(two()).range(query, MINUTE, 3 * MINUTE, MINUTE)).value);
      expect((value as MatrixValue).series[0]!.values).toHaveLength(3);
    },
  );

  it('is kept where the samples are the answer', async () => {
    const { reader: source } = handingOver();
    const { value } = await new Engine(source).instant('a_total[2m]', 3 * MINUTE);
    expect([...(value as MatrixValue).series[0]!.values]).toEqual([120, 180]);
  });
});
