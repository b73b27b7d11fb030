/** Something to be placed: a frame with all that is in it, or a single node. */
export interface Parcel {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** How far along the way of requests it stands: 0 is where they enter. */
  readonly rank: number;
  /** May share a row with others. */
  readonly isSmall: boolean;
}

export interface Spot {
  readonly x: number;
  readonly y: number;
}

const COLUMN_GAP = 84;
const ROW_GAP = 22;
const CANDIDATES = 40;

/**
 * Places parcels in columns, in the order of their ranks, so that the whole is about `aspect` times as wide as high; within a column
 * beside what they are linked with. A layered layout of nested frames would put each frame behind all that calls it, and be six times as
 * wide as high. Deterministic.
 */
export function packColumns(parcels: readonly Parcel[], links: readonly (readonly [string, string])[], aspect: number): Map<string, Spot> {
  const sorted = parcels.toSorted((a, b) => a.rank - b.rank || (a.id < b.id ? -1 : 1));
  const tallest = Math.max(0, ...sorted.map(({ height }) => height));
  const all = sorted.reduce((sum, { height }) => sum + height + ROW_GAP, 0);
  let best: { readonly columns: readonly Column[]; readonly cost: number } | undefined;
  for (let i = 0; i <= CANDIDATES; i++) {
    const columns = cut(sorted, tallest + ((all - tallest) * i) / CANDIDATES);
    const width = columns.reduce((sum, column) => sum + column.width + COLUMN_GAP, 0);
    const height = Math.max(1, ...columns.map(heightOf));
    const cost = Math.abs(Math.log(width / height / aspect));
    if (best === undefined || cost < best.cost) best = { columns, cost };
  }
  return spotsOf(best?.columns ?? [], links);
}

interface Column {
  readonly parcels: readonly Parcel[];
  readonly width: number;
}

/** Columns no higher than `most`, as far as single parcels allow. */
function cut(parcels: readonly Parcel[], most: number): Column[] {
  const columns: Column[] = [];
  let current: Parcel[] = [];
  for (const parcel of parcels) {
    const grown = columnOf([...current, parcel]);
    if (current.length > 0 && heightOf(grown) > most) {
      columns.push(columnOf(current));
      current = [];
    }
    current.push(parcel);
  }
  if (current.length > 0) columns.push(columnOf(current));
  return columns;
}

const columnOf = (parcels: readonly Parcel[]): Column => ({ parcels, width: Math.max(...parcels.map(({ width }) => width)) });

/** Rows of a column: small parcels stand side by side where the column is wide enough. */
function rowsOf({ parcels, width }: Column): Parcel[][] {
  const rows: Parcel[][] = [];
  for (const parcel of parcels) {
    const row = rows.at(-1);
    const taken = row?.reduce((sum, other) => sum + other.width + ROW_GAP, 0) ?? 0;
    if (row !== undefined && parcel.isSmall && row.every(({ isSmall }) => isSmall) && taken + parcel.width <= width) row.push(parcel);
    else rows.push([parcel]);
  }
  return rows;
}

const rowHeight = (row: readonly Parcel[]): number => Math.max(...row.map(({ height }) => height));
const heightOf = (column: Column): number => rowsOf(column).reduce((sum, row) => sum + rowHeight(row) + ROW_GAP, -ROW_GAP);

function spotsOf(columns: readonly Column[], links: readonly (readonly [string, string])[]): Map<string, Spot> {
  const spots = new Map<string, Spot>();
  const middles = new Map<string, number>();
  const linked = new Map<string, string[]>();
  for (const [a, b] of links) {
    linked.set(a, [...(linked.get(a) ?? []), b]);
    linked.set(b, [...(linked.get(b) ?? []), a]);
  }
  const highest = Math.max(0, ...columns.map(heightOf));
  let x = 0;
  for (const column of columns) {
    const wish = (id: string): number => {
      const known = (linked.get(id) ?? []).map((other) => middles.get(other)).filter((middle) => middle !== undefined);
      return known.length === 0 ? highest / 2 : known.reduce((sum, middle) => sum + middle, 0) / known.length;
    };
    const wishes = new Map(column.parcels.map(({ id }) => [id, wish(id)]));
    const ordered = { ...column, parcels: column.parcels.toSorted((a, b) => wishes.get(a.id)! - wishes.get(b.id)! || (a.id < b.id ? -1 : 1)) };
    let y = (highest - heightOf(ordered)) / 2;
    for (const row of rowsOf(ordered)) {
      let left = x;
      for (const { id, width, height } of row) {
        spots.set(id, { x: left, y });
        middles.set(id, y + height / 2);
        left += width + ROW_GAP;
      }
      y += rowHeight(row) + ROW_GAP;
    }
    x += column.width + COLUMN_GAP;
  }
  return spots;
}

/** How many calls each node is from where requests enter, by the longest way; calls that lead back do not count. */
export function ranksOf(nodes: readonly string[], links: readonly (readonly [string, string])[]): Map<string, number> {
  const callees = new Map<string, string[]>();
  const called = new Set<string>();
  for (const [source, target] of links) {
    if (source === target) continue;
    callees.set(source, [...(callees.get(source) ?? []), target]);
    called.add(target);
  }
  const order: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const back = new Set<string>();
  // Without recursion: a chain may be as long as the map is large.
  const visit = (root: string): void => {
    const stack = [{ id: root, next: 0 }];
    state.set(root, 'open');
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const target = callees.get(top.id)?.[top.next++];
      if (target === undefined) {
        state.set(top.id, 'done');
        order.push(top.id);
        stack.pop();
      } else if (state.get(target) === 'open') back.add(`${top.id}→${target}`);
      else if (!state.has(target)) {
        state.set(target, 'open');
        stack.push({ id: target, next: 0 });
      }
    }
  };
  for (const id of [...nodes.filter((node) => !called.has(node)), ...nodes]) if (!state.has(id)) visit(id);
  const ranks = new Map(nodes.map((id) => [id, 0]));
  for (const id of order.toReversed()) {
    for (const target of callees.get(id) ?? []) {
      if (!back.has(`${id}→${target}`)) ranks.set(target, Math.max(ranks.get(target) ?? 0, (ranks.get(id) ?? 0) + 1));
    }
  }
  return ranks;
}
