export type SortValue = string | number | null | undefined;

export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

/** Missing values go last in both directions; equal rows keep their order. */
export function sortRows<T>(rows: readonly T[], valueOf: (row: T) => SortValue, descending: boolean): T[] {
  const direction = descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const left = valueOf(a) ?? null;
    const right = valueOf(b) ?? null;
    if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
    if (typeof left === 'number' && typeof right === 'number') return (left - right) * direction;
    return String(left).localeCompare(String(right), 'en', { numeric: true }) * direction;
  });
}

/** Every word must occur somewhere in the row. */
export function filterRows<T>(rows: readonly T[], text: string, textOf: (row: T) => string): readonly T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const haystack = textOf(row).toLowerCase();
    return words.every((word) => haystack.includes(word));
  });
}

export interface VirtualWindow {
  readonly first: number;
  /** Exclusive. */
  readonly end: number;
  readonly padTopPx: number;
  readonly padBottomPx: number;
}

/** Rows above this many are drawn only where they can be seen. */
const VIRTUAL_ABOVE = 200;

export function virtualWindow(count: number, rowPx: number, scrollTopPx: number, viewportPx: number, overscan = 8): VirtualWindow {
  if (count <= VIRTUAL_ABOVE) return { first: 0, end: count, padTopPx: 0, padBottomPx: 0 };
  const first = Math.min(Math.max(0, Math.floor(scrollTopPx / rowPx) - overscan), count);
  const end = Math.min(count, Math.ceil((scrollTopPx + viewportPx) / rowPx) + overscan);
  return { first, end, padTopPx: first * rowPx, padBottomPx: (count - end) * rowPx };
}
