/** What the Logs page keeps in its address besides the shell's part. */
export interface LogsSearch {
  /** The search; see docs/search.md. */
  readonly q?: string | undefined;
  /** Lines (default) or patterns. */
  readonly view?: 'patterns' | undefined;
  /** Id of the record in the side panel. */
  readonly log?: string | undefined;
  readonly live?: '1' | undefined;
  /** Attributes shown as columns. */
  readonly col?: readonly string[] | undefined;
  /** Lines are shown whole. */
  readonly wrap?: '1' | undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export function validateLogsSearch(raw: Record<string, unknown>): LogsSearch {
  const q = textOf(raw['q']);
  const log = textOf(raw['log']);
  const col = [raw['col']].flat().filter((item): item is string => typeof item === 'string' && item !== '');
  return {
    ...(q !== undefined && { q }),
    ...(raw['view'] === 'patterns' && { view: 'patterns' as const }),
    ...(log !== undefined && { log }),
    ...(raw['live'] === '1' && { live: '1' as const }),
    ...(col.length > 0 && { col }),
    ...(raw['wrap'] === '1' && { wrap: '1' as const }),
  };
}
