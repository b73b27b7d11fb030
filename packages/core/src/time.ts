import { AppError } from './errors.ts';

/** Time is injected, never read: the application hands one in, tests hand in one that they move. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
};
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const UNITS = ['y', 'w', 'd', 'h', 'm', 's', 'ms'] as const;

/** Parses Prometheus' duration syntax (`1h30m`, `15s`, `250ms`); throws `bad_request` on anything else. */
export function parseDurationMs(text: string): number {
  const match = DURATION.exec(text);
  if (text === '' || !match) {
    throw new AppError('bad_request', `not a valid duration: "${text}"; write it like 15s, 5m or 1h30m`);
  }
  return UNITS.reduce((sum, unit, i) => sum + Number(match[i + 1] ?? 0) * UNIT_MS[unit]!, 0);
}

/** Formats as Prometheus does: largest units first, weeks and years only when they divide exactly. */
export function formatDurationMs(durationMs: number): string {
  if (durationMs === 0) return '0s';
  let rest = Math.abs(durationMs);
  let text = durationMs < 0 ? '-' : '';
  for (const unit of UNITS) {
    const size = UNIT_MS[unit]!;
    const exactOnly = unit === 'y' || unit === 'w' || unit === 'd';
    if (exactOnly && rest % size !== 0) continue;
    const n = Math.floor(rest / size);
    if (n > 0) text += `${n}${unit}`;
    rest -= n * size;
  }
  return text;
}
