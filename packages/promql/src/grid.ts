import { labelsKey, METRIC_NAME, type Labels, type NativeHistogram } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';

/** The steps an expression is evaluated at: startMs, startMs + stepMs, … */
export interface Frame {
  readonly startMs: number;
  readonly stepMs: number;
  readonly steps: number;
}

export function frameEndMs(frame: Frame): number {
  return frame.startMs + (frame.steps - 1) * frame.stepMs;
}

/** What a cell of a row holds. */
export const FLOAT = 1;
export const HISTOGRAM = 2;

/**
 * One series over the steps of a frame. Cell j is values[j] where present[j] is FLOAT, histograms[j] where it is
 * HISTOGRAM, and nothing where it is 0. A row is never changed once it has been handed to another operator.
 */
export interface Row {
  readonly labels: Labels;
  /** The name is dropped from the answer only at the end, so that functions in between can still see it. */
  readonly dropName: boolean;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  readonly histograms?: (NativeHistogram | undefined)[] | undefined;
}

/** What an expression evaluates to inside the engine. */
export type Value =
  | { readonly kind: 'scalar'; readonly values: Float64Array }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'vector'; readonly rows: readonly Row[] };


/** Cells in one slab: 128 kB of values, so that holding on to one row does not hold much more. */
const SLAB_CELLS = 16_384;
/** Slabs whose memory is given back by hand double up to this. */
const LARGEST_SLAB_CELLS = 131_072;

/**
 * Hands out zeroed arrays for rows as slices of larger ones, each cell once: allocating two typed arrays per row costs
 * more than computing the row.
 */
export class CellSlabs {
  #values = new Float64Array(0);
  #present = new Uint8Array(0);
  #used = 0;
  readonly #all: ArrayBufferView[] | undefined;

  /** With `tracked`, the memory can be given back by hand. */
  constructor(tracked = false) {
    this.#all = tracked ? [] : undefined;
  }

  take(steps: number): { values: Float64Array; present: Uint8Array } {
    if (steps * 2 > SLAB_CELLS) return this.#track({ values: new Float64Array(steps), present: new Uint8Array(steps) });
    if (this.#used + steps > this.#values.length) {
      const cells = this.#all && this.#values.length > 0 ? Math.min(2 * this.#values.length, LARGEST_SLAB_CELLS) : SLAB_CELLS;
      this.#values = new Float64Array(cells);
      this.#present = new Uint8Array(cells);
      this.#used = 0;
      this.#track({ values: this.#values, present: this.#present });
    }
    const start = this.#used;
    this.#used += steps;
    return { values: this.#values.subarray(start, this.#used), present: this.#present.subarray(start, this.#used) };
  }

  /** Gives the memory of all rows back but of those that the answer still uses. Tracked slabs only; no row may be taken afterwards. */
  release(used: Iterable<ArrayBufferView>): void {
    const kept = new Set<ArrayBufferLike>();
    for (const { buffer } of used) kept.add(buffer);
    for (const slab of this.#all ?? []) if (!kept.has(slab.buffer)) releaseBytes(slab);
  }

  #track<T extends { values: Float64Array; present: Uint8Array }>(slab: T): T {
    this.#all?.push(slab.values, slab.present);
    return slab;
  }
}

const slabs = new CellSlabs();

/** A row under construction: like Row, and histograms may be added. */
export class RowBuilder implements Row {
  readonly labels: Labels;
  dropName: boolean;
  readonly values: Float64Array;
  readonly present: Uint8Array;
  histograms: (NativeHistogram | undefined)[] | undefined;

  constructor(labels: Labels, steps: number, dropName = false, cells = slabs) {
    const { values, present } = cells.take(steps);
    this.labels = labels;
    this.dropName = dropName;
    this.values = values;
    this.present = present;
    this.histograms = undefined;
  }

  setFloat(step: number, value: number): void {
    this.values[step] = value;
    this.present[step] = FLOAT;
  }

  setHistogram(step: number, histogram: NativeHistogram): void {
    (this.histograms ??= [])[step] = histogram;
    this.present[step] = HISTOGRAM;
  }

  /** Copies one cell of another row, whatever it holds. */
  copyCell(step: number, from: Row, fromStep = step): void {
    const kind = from.present[fromStep]!;
    if (kind === HISTOGRAM) this.setHistogram(step, from.histograms![fromStep]!);
    else if (kind === FLOAT) this.setFloat(step, from.values[fromStep]!);
  }
}

/** Rows by label set, made on first use. */
export class RowTable {
  readonly #steps: number;
  readonly #rows = new Map<string, RowBuilder>();

  constructor(steps: number) {
    this.#steps = steps;
  }

  row(labels: Labels, dropName: boolean): RowBuilder {
    const key = labelsKey(labels);
    let row = this.#rows.get(key);
    if (!row) this.#rows.set(key, (row = new RowBuilder(labels, this.#steps, dropName)));
    return row;
  }

  rows(): RowBuilder[] {
    return [...this.#rows.values()].filter(hasCells);
  }
}

export function hasCells(row: Row): boolean {
  return row.present.includes(FLOAT) || (row.histograms !== undefined && row.present.includes(HISTOGRAM));
}

/** Repeats the only cell of each row (a frame of one step) over all steps of a frame. */
export function broadcastRows(rows: readonly Row[], steps: number): Row[] {
  if (steps === 1) return [...rows];
  return rows.map((row) => {
    const first = row.histograms?.[0];
    return {
      labels: row.labels,
      dropName: row.dropName,
      values: new Float64Array(steps).fill(row.values[0]!),
      present: new Uint8Array(steps).fill(row.present[0]!),
      histograms: first && Array.from({ length: steps }, () => first),
    };
  });
}

const METADATA_LABELS: ReadonlySet<string> = new Set([METRIC_NAME, '__type__', '__unit__']);

/** Without the labels that say what a metric is: its name, type and unit. */
export function dropMetadata(labels: Labels): Labels {
  for (let i = 0; i < labels.length; i += 2) {
    if (METADATA_LABELS.has(labels[i]!)) return withoutLabels(labels, METADATA_LABELS);
  }
  return labels;
}

export function withoutLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  const kept: string[] = [];
  for (let i = 0; i < labels.length; i += 2) if (!names.has(labels[i]!)) kept.push(labels[i]!, labels[i + 1]!);
  return kept;
}

export function onlyLabels(labels: Labels, names: ReadonlySet<string>): Labels {
  const kept: string[] = [];
  for (let i = 0; i < labels.length; i += 2) if (names.has(labels[i]!)) kept.push(labels[i]!, labels[i + 1]!);
  return kept;
}

/** Sets one label, or removes it where the value is ''. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const out: string[] = [];
  let placed = value === '';
  for (let i = 0; i < labels.length; i += 2) {
    if (!placed && labels[i]! >= name) {
      out.push(name, value);
      placed = true;
    }
    if (labels[i] !== name) out.push(labels[i]!, labels[i + 1]!);
  }
  if (!placed) out.push(name, value);
  return out;
}
