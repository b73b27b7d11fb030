/** A time range as it stands in the URL: `now-1h`…`now`, or two instants in ISO 8601. */
export interface TimeRange {
  readonly from: string;
  readonly to: string;
}

export interface ResolvedRange {
  readonly startMs: number;
  readonly endMs: number;
}

export const DEFAULT_RANGE: TimeRange = { from: 'now-1h', to: 'now' };

export const PRESETS: readonly { readonly from: string; readonly label: string }[] = [
  { from: 'now-5m', label: 'Last 5 minutes' },
  { from: 'now-15m', label: 'Last 15 minutes' },
  { from: 'now-30m', label: 'Last 30 minutes' },
  { from: 'now-1h', label: 'Last hour' },
  { from: 'now-3h', label: 'Last 3 hours' },
  { from: 'now-6h', label: 'Last 6 hours' },
  { from: 'now-12h', label: 'Last 12 hours' },
  { from: 'now-24h', label: 'Last 24 hours' },
  { from: 'now-2d', label: 'Last 2 days' },
  { from: 'now-7d', label: 'Last 7 days' },
  { from: 'now-30d', label: 'Last 30 days' },
  { from: 'now-90d', label: 'Last 90 days' },
];

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const RELATIVE = /^now(?:-(\d+)([smhdw]))?$/;
const LOCAL = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2}))?)?$/;

/** An instant as people and URLs write it, in milliseconds; undefined when it is none. Without a zone it is the viewer's. */
export function parseInstant(text: string, nowMs: number): number | undefined {
  const trimmed = text.trim();
  const relative = RELATIVE.exec(trimmed);
  if (relative) return nowMs - (relative[1] === undefined ? 0 : Number(relative[1]) * UNIT_MS[relative[2]!]!);
  if (/^\d{12,14}$/.test(trimmed)) return Number(trimmed);
  if (/^\d{9,10}$/.test(trimmed)) return Number(trimmed) * 1000;
  const local = LOCAL.exec(trimmed);
  if (local) {
    const [, year, month, day, hour = '0', minute = '0', second = '0'] = local;
    const ms = new Date(+year!, +month! - 1, +day!, +hour, +minute, +second).getTime();
    return Number.isNaN(ms) ? undefined : ms;
  }
  if (!/^\d{4}-\d{2}-\d{2}T.+(Z|[+-]\d{2}:\d{2})$/.test(trimmed)) return undefined;
  const ms = Date.parse(trimmed);
  return Number.isNaN(ms) ? undefined : ms;
}

export const isRelative = (range: TimeRange): boolean => RELATIVE.test(range.from) && RELATIVE.test(range.to);

/** Resolves a range against now; one that cannot be read or runs backwards becomes the default. */
export function resolveRange(range: TimeRange, nowMs: number): ResolvedRange {
  const startMs = parseInstant(range.from, nowMs);
  const endMs = parseInstant(range.to, nowMs);
  if (startMs === undefined || endMs === undefined || endMs - startMs < 1000) return resolveRange(DEFAULT_RANGE, nowMs);
  return { startMs, endMs };
}

/** What is wrong with a range the viewer typed, in words; undefined when it can be used. */
export function rangeProblem(range: TimeRange, nowMs: number): string | undefined {
  const startMs = parseInstant(range.from, nowMs);
  const endMs = parseInstant(range.to, nowMs);
  const example = 'Write it like 2026-03-09 14:30, or now-6h.';
  if (startMs === undefined) return `The start "${range.from}" is not a time. ${example}`;
  if (endMs === undefined) return `The end "${range.to}" is not a time. ${example}`;
  if (endMs - startMs < 1000) return 'The end must lie after the start.';
  return undefined;
}

const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** An absolute range for the URL, in whole seconds of UTC. */
export function absoluteRange(startMs: number, endMs: number): TimeRange {
  const start = Math.floor(startMs / 1000) * 1000;
  return { from: isoSeconds(start), to: isoSeconds(Math.max(Math.ceil(endMs / 1000) * 1000, start + 1000)) };
}

/** Moves a range by its own length: -1 earlier, +1 later (never past now). */
export function shiftRange(range: TimeRange, direction: -1 | 1, nowMs: number): TimeRange {
  const { startMs, endMs } = resolveRange(range, nowMs);
  const lengthMs = endMs - startMs;
  const shiftMs = direction * lengthMs;
  if (endMs + shiftMs >= nowMs) return { from: relativeTo(lengthMs), to: 'now' };
  return absoluteRange(startMs + shiftMs, endMs + shiftMs);
}

/** Doubles a range around its middle, kept before now. */
export function widenRange(range: TimeRange, nowMs: number): TimeRange {
  const { startMs, endMs } = resolveRange(range, nowMs);
  const lengthMs = endMs - startMs;
  if (range.to === 'now') return { from: relativeTo(lengthMs * 2), to: 'now' };
  const end = Math.min(endMs + lengthMs / 2, nowMs);
  return absoluteRange(end - lengthMs * 2, end);
}

function relativeTo(lengthMs: number): string {
  const seconds = Math.round(lengthMs / 1000);
  for (const [unit, size] of [['d', 86_400], ['h', 3600], ['m', 60]] as const) {
    if (seconds % size === 0) return `now-${seconds / size}${unit}`;
  }
  return `now-${seconds}s`;
}

/** The range in words, in the viewer's zone: "Last hour", "21 Nov 14:00 – 15:30". */
export function describeRange(range: TimeRange, nowMs: number): string {
  const preset = range.to === 'now' ? PRESETS.find((candidate) => candidate.from === range.from) : undefined;
  if (preset) return preset.label;
  const relative = range.to === 'now' ? RELATIVE.exec(range.from) : null;
  if (relative?.[1] !== undefined) return relative[1] === '1' ? `Last ${UNIT_WORDS[relative[2]!]!.slice(0, -1)}` : `Last ${relative[1]} ${UNIT_WORDS[relative[2]!]}`;
  const { startMs, endMs } = resolveRange(range, nowMs);
  const sameDay = new Date(startMs).toDateString() === new Date(endMs).toDateString();
  const precise = endMs - startMs < 300_000;
  return `${day(startMs)} ${clock(startMs, precise)} – ${sameDay ? '' : `${day(endMs)} `}${clock(endMs, precise)}`;
}

const UNIT_WORDS: Readonly<Record<string, string>> = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days', w: 'weeks' };
const two = (value: number): string => String(value).padStart(2, '0');
const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function day(ms: number): string {
  const date = new Date(ms);
  return `${date.getDate()} ${MONTHS[date.getMonth()]}`;
}

function clock(ms: number, withSeconds: boolean): string {
  const date = new Date(ms);
  return `${two(date.getHours())}:${two(date.getMinutes())}${withSeconds ? `:${two(date.getSeconds())}` : ''}`;
}

/** `2026-03-09 14:30:00` in the viewer's zone, as the range editor shows and reads it. */
export function localText(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(ms, true)}`;
}
