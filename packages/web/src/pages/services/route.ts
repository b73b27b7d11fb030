export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** A line on the map as it is drawn. */
export interface Route {
  /** SVG path. */
  readonly path: string;
  /** Where its figures stand. */
  readonly middle: Point;
  /** Its tip, and the direction of the arrow there. */
  readonly end: Point;
  readonly degrees: number;
}

const CORNER = 22;
const LEAST_BEND = 28;
const MOST_BULGE = 60;
/** Between boxes further apart than this there may stand others. */
const LARGEST_STEP = 60;

/** A line through corners, which are rounded; undefined for fewer than two. */
export function routeThrough(points: readonly Point[]): Route | undefined {
  const [before, end] = [points.at(-2), points.at(-1)];
  if (before === undefined || end === undefined) return undefined;
  return { path: roundedPath(points), middle: middleOf(points), end, degrees: degreesOf(before, end) };
}

function roundedPath(points: readonly Point[]): string {
  let path = `M${points[0]!.x},${points[0]!.y}`;
  for (let i = 1; i < points.length; i++) {
    const [before, corner, after] = [points[i - 1]!, points[i]!, points[i + 1]];
    if (after === undefined) {
      path += `L${corner.x},${corner.y}`;
      continue;
    }
    const reach = Math.min(CORNER, distance(before, corner) / 2, distance(corner, after) / 2);
    const [start, end] = [towards(corner, before, reach), towards(corner, after, reach)];
    path += `L${start.x},${start.y}Q${corner.x},${corner.y} ${end.x},${end.y}`;
  }
  return path;
}

/** The point in the middle of a line, along it. */
function middleOf(points: readonly Point[]): Point {
  const lengths = points.slice(1).map((point, i) => distance(points[i]!, point));
  let left = lengths.reduce((sum, length) => sum + length, 0) / 2;
  for (const [i, length] of lengths.entries()) {
    if (left <= length) return towards(points[i]!, points[i + 1]!, left);
    left -= length;
  }
  return points[0]!;
}

/**
 * A curve from one box to another: to the right where the target stands there, to the left where it stands left of the source. One above
 * the other they are joined straight, or around the left of what stands between them.
 */
export function routeBetween(source: Box, target: Box): Route {
  const [from, to] = [centreOf(source), centreOf(target)];
  const isRight = target.x >= source.x + source.width;
  const isLeft = target.x + target.width <= source.x;
  if (isRight || isLeft) {
    const side = isRight ? 1 : -1;
    const start = { x: from.x + (side * source.width) / 2, y: from.y };
    const end = { x: to.x - (side * target.width) / 2, y: to.y };
    const bend = Math.max(LEAST_BEND, Math.abs(end.x - start.x) * 0.45) * side;
    return curve(start, { x: start.x + bend, y: start.y }, { x: end.x - bend, y: end.y }, end);
  }
  const apart = Math.max(target.y - source.y - source.height, source.y - target.y - target.height);
  if (apart > LARGEST_STEP) {
    const [start, end] = [{ x: source.x, y: from.y }, { x: target.x, y: to.y }];
    const bulge = Math.min(start.x, end.x) - LEAST_BEND - Math.min(MOST_BULGE, apart * 0.12);
    return curve(start, { x: bulge, y: start.y }, { x: bulge, y: end.y }, end);
  }
  const side = to.y >= from.y ? 1 : -1;
  const start = { x: from.x, y: from.y + (side * source.height) / 2 };
  const end = { x: to.x, y: to.y - (side * target.height) / 2 };
  const bend = Math.max(LEAST_BEND / 2, Math.abs(end.y - start.y) * 0.45) * side;
  return curve(start, { x: start.x, y: start.y + bend }, { x: end.x, y: end.y - bend }, end);
}

function curve(start: Point, first: Point, second: Point, end: Point): Route {
  const at = (coordinate: 'x' | 'y'): number => (start[coordinate] + 3 * first[coordinate] + 3 * second[coordinate] + end[coordinate]) / 8;
  return {
    path: `M${start.x},${start.y}C${first.x},${first.y} ${second.x},${second.y} ${end.x},${end.y}`,
    middle: { x: at('x'), y: at('y') },
    end,
    degrees: degreesOf(second, end),
  };
}

export const centreOf = (box: Box): Point => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });

const degreesOf = (from: Point, to: Point): number => (Math.atan2(to.y - from.y, to.x - from.x) * 180) / Math.PI;
const distance = (a: Point, b: Point): number => Math.hypot(b.x - a.x, b.y - a.y);

function towards(from: Point, to: Point, by: number): Point {
  const length = distance(from, to) || 1;
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length };
}
