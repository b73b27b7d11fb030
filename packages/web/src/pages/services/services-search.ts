/** What the Services page keeps in its address besides the shell's part. */
export interface ServicesSearch {
  readonly view?: 'list' | undefined;
  /** Id of the node in the side panel, which the map centres on. */
  readonly node?: string | undefined;
  readonly group?: 'none' | undefined;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export function validateServicesSearch(raw: Record<string, unknown>): ServicesSearch {
  const node = textOf(raw['node']);
  return {
    ...(raw['view'] === 'list' && { view: 'list' as const }),
    ...(node !== undefined && { node }),
    ...(raw['group'] === 'none' && { group: 'none' as const }),
  };
}
