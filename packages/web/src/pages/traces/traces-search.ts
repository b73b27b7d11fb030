/** What the Traces page keeps in its address besides the shell's part. */
export interface TracesSearch {
  readonly q?: string | undefined;
  readonly sort?: 'duration' | 'errors' | undefined;
  /** A piece of the heatmap: `<from ms>-<to ms>:<least ms>-<most ms>`. */
  readonly pick?: string | undefined;
  /** A trace to compare others with. */
  readonly left?: string | undefined;
}

/** What the page of one trace keeps in its address. */
export interface TraceSearch {
  /** The span in the side panel. */
  readonly span?: string | undefined;
  /** The other trace, when two are compared. */
  readonly with?: string | undefined;
  /** The waterfall (default), or where the time went by service. */
  readonly view?: 'services' | undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export function validateTracesSearch(raw: Record<string, unknown>): TracesSearch {
  const [q, pick, left] = [textOf(raw['q']), textOf(raw['pick']), textOf(raw['left'])];
  const sort = raw['sort'];
  return {
    ...(q !== undefined && { q }),
    ...((sort === 'duration' || sort === 'errors') && { sort }),
    ...(pick !== undefined && { pick }),
    ...(left !== undefined && { left }),
  };
}

export function validateTraceSearch(raw: Record<string, unknown>): TraceSearch {
  const span = textOf(raw['span']);
  const other = textOf(raw['with']);
  return { ...(span !== undefined && { span }), ...(other !== undefined && { with: other }), ...(raw['view'] === 'services' && { view: 'services' as const }) };
}
