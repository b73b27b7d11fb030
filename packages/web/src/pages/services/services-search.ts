/** What the Services page keeps in its address besides the shell's part. */
export interface ServicesSearch {
  readonly view?: 'list' | undefined;
  /** Id of the node in the side panel. */
  readonly node?: string | undefined;
  /** Only what is within so many calls of `node` is on the map. */
  readonly depth?: '1' | '2' | undefined;
  readonly group?: 'none' | undefined;
  /** Groups that are not as they begin: folded on a small map, open on a large one. */
  readonly fold?: readonly string[] | undefined;
  /** What stands beside the map while no node does. */
  readonly panel?: 'changes' | undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export function validateServicesSearch(raw: Record<string, unknown>): ServicesSearch {
  const node = textOf(raw['node']);
  const depth = raw['depth'];
  const fold = [raw['fold']].flat().filter((item): item is string => typeof item === 'string' && item !== '');
  return {
    ...(raw['view'] === 'list' && { view: 'list' as const }),
    ...(node !== undefined && { node }),
    ...(node !== undefined && (depth === '1' || depth === '2') && { depth }),
    ...(raw['group'] === 'none' && { group: 'none' as const }),
    ...(fold.length > 0 && { fold }),
    ...(raw['panel'] === 'changes' && { panel: 'changes' as const }),
  };
}
