import { DEFAULT_RANGE, parseInstant, type TimeRange } from '../time/range.ts';

/** Plain query strings (`?q=up&from=now-6h`), so that a person can read, write and share them; a repeated key is a list. */
export type RawSearch = Record<string, string | string[] | undefined>;

export function parseSearch(text: string): RawSearch {
  const raw: RawSearch = {};
  for (const [key, value] of new URLSearchParams(text)) {
    const before = raw[key];
    raw[key] = before === undefined ? value : [before, value].flat();
  }
  return raw;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(search)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== null) parts.push(`${encode(key)}=${encode(String(item))}`);
    }
  }
  return parts.length === 0 ? '' : `?${parts.join('&')}`;
}

/** Percent-encodes only what a query string must; colons, slashes, commas and brackets stay readable. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(/%(3A|2F|2C|28|29|5B|5D|7B|7D|20)/g, (code, hex: string) =>
    hex === '20' ? '+' : hex === '7B' || hex === '7D' || hex === '5B' || hex === '5D' ? code : decodeURIComponent(code),
  );

export const REFRESH_INTERVALS = ['off', '5s', '15s', '30s', '1m', '5m'] as const;
export type RefreshInterval = (typeof REFRESH_INTERVALS)[number];
export const DEFAULT_REFRESH: RefreshInterval = '15s';

/** What every page keeps in its address: only what differs from the default is written. */
export interface ShellSearch {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly refresh?: RefreshInterval | undefined;
  readonly env?: string | undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export function validateShellSearch(raw: Record<string, unknown>): ShellSearch {
  const from = textOf(raw['from']);
  const to = textOf(raw['to']);
  const refresh = REFRESH_INTERVALS.find((interval) => interval === raw['refresh']);
  const env = textOf(raw['env']);
  const now = Date.UTC(2026, 0, 1);
  return {
    ...(from !== undefined && from !== DEFAULT_RANGE.from && parseInstant(from, now) !== undefined && { from }),
    ...(to !== undefined && to !== DEFAULT_RANGE.to && parseInstant(to, now) !== undefined && { to }),
    ...(refresh !== undefined && refresh !== DEFAULT_REFRESH && { refresh }),
    ...(env !== undefined && { env }),
  };
}

export const rangeOf = (search: ShellSearch): TimeRange => ({
  from: search.from ?? DEFAULT_RANGE.from,
  to: search.to ?? DEFAULT_RANGE.to,
});

/** 0 means off. */
export function refreshMsOf(search: ShellSearch): number {
  const text = search.refresh ?? DEFAULT_REFRESH;
  if (text === 'off') return 0;
  return Number.parseInt(text, 10) * (text.endsWith('m') ? 60_000 : 1000);
}

/** Explore: expressions A, B, …; table instead of chart; unit and resolution where the reader chose one. */
export interface ExploreSearch {
  readonly q?: readonly string[] | undefined;
  readonly view?: 'table' | undefined;
  readonly unit?: string | undefined;
  readonly step?: string | undefined;
}

export function validateExploreSearch(raw: Record<string, unknown>): ExploreSearch {
  const q = [raw['q']].flat().filter((item): item is string => typeof item === 'string');
  const unit = textOf(raw['unit']);
  const step = textOf(raw['step']);
  return {
    ...(q.length > 0 && { q }),
    ...(raw['view'] === 'table' && { view: 'table' as const }),
    ...(unit !== undefined && { unit }),
    ...(step !== undefined && /^\d+[smhd]$/.test(step) && { step }),
  };
}
