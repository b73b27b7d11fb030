import { FLOAT, hasCells, HISTOGRAM, RowBuilder, type Row } from './grid.ts';
import { histogramAvg, histogramStdDev, histogramStdVar } from './histogram/histogram-quantile.ts';
import type { NativeHistogram } from '@pitot/core';

type FloatFunction = (value: number) => number;

const FLOAT_FUNCTIONS: Readonly<Record<string, FloatFunction>> = {
  abs: Math.abs,
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atanh: Math.atanh,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg: (v) => (v * 180) / Math.PI,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log10: Math.log10,
  log2: Math.log2,
  rad: (v) => (v * Math.PI) / 180,
  sgn: (v) => (v < 0 ? -1 : v > 0 ? 1 : v),
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
  minute: (v) => dateOf(v).getUTCMinutes(),
  hour: (v) => dateOf(v).getUTCHours(),
  day_of_week: (v) => dateOf(v).getUTCDay(),
  day_of_month: (v) => dateOf(v).getUTCDate(),
  day_of_year: dayOfYear,
  days_in_month: daysInMonth,
  month: (v) => dateOf(v).getUTCMonth() + 1,
  year: (v) => dateOf(v).getUTCFullYear(),
};

const HISTOGRAM_FUNCTIONS: Readonly<Record<string, (histogram: NativeHistogram) => number>> = {
  histogram_count: (h) => h.count,
  histogram_sum: (h) => h.sum,
  histogram_avg: histogramAvg,
  histogram_stddev: histogramStdDev,
  histogram_stdvar: histogramStdVar,
};

function dateOf(seconds: number): Date {
  return new Date(Math.trunc(seconds) * 1000);
}

function dayOfYear(seconds: number): number {
  const date = dateOf(seconds);
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}

function daysInMonth(seconds: number): number {
  const date = dateOf(seconds);
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}

/** A function of one float, by its PromQL name. */
export function floatFunction(name: string): FloatFunction | undefined {
  return FLOAT_FUNCTIONS[name];
}

export function histogramFunction(name: string): ((histogram: NativeHistogram) => number) | undefined {
  return HISTOGRAM_FUNCTIONS[name];
}

/** Applies a function to every float; histograms are left out. */
export function mapFloats(rows: readonly Row[], steps: number, map: (value: number, step: number) => number): Row[] {
  return rows
    .map((row) => {
      const out = new RowBuilder(row.labels, steps, true);
      const { values, present } = row;
      for (let j = 0; j < steps; j++) {
        if (present[j] !== FLOAT) continue;
        out.values[j] = map(values[j]!, j);
        out.present[j] = FLOAT;
      }
      return out;
    })
    .filter(hasCells);
}

/** Applies a function to every histogram; floats are left out. */
export function mapHistograms(rows: readonly Row[], steps: number, map: (histogram: NativeHistogram) => number): Row[] {
  return rows
    .filter((row) => row.histograms !== undefined)
    .map((row) => {
      const out = new RowBuilder(row.labels, steps, true);
      for (let j = 0; j < steps; j++) if (row.present[j] === HISTOGRAM) out.setFloat(j, map(row.histograms![j]!));
      return out;
    })
    .filter(hasCells);
}

export function clampRows(rows: readonly Row[], steps: number, min: Float64Array | undefined, max: Float64Array | undefined): Row[] {
  const clamped = mapFloats(rows, steps, (value, j) => goMax(min?.[j] ?? -Infinity, goMin(max?.[j] ?? Infinity, value)));
  if (!min || !max) return clamped;
  for (let j = 0; j < steps; j++) {
    if (max[j]! < min[j]!) for (const row of clamped) row.present[j] = 0;
  }
  return clamped.filter(hasCells);
}

/** Go's math.Max and Min: an infinity in their direction wins even over NaN. */
export function goMax(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

/** See goMax. */
export function goMin(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** Rounds to the nearest multiple, ties up. */
export function roundRows(rows: readonly Row[], steps: number, toNearest: Float64Array | undefined): Row[] {
  return mapFloats(rows, steps, (value, j) => {
    const inverse = 1 / (toNearest?.[j] ?? 1);
    return Math.floor(value * inverse + 0.5) / inverse;
  });
}

/** scalar(): the value where exactly one float is there, else NaN. */
export function scalarOf(rows: readonly Row[], steps: number): Float64Array {
  const values = new Float64Array(steps).fill(NaN);
  const found = new Uint8Array(steps);
  for (const row of rows) {
    for (let j = 0; j < steps; j++) {
      if (row.present[j] !== FLOAT) continue;
      values[j] = found[j] === 0 ? row.values[j]! : NaN;
      found[j] = 1;
    }
  }
  return values;
}
