import type { NodeType } from '@pitot/core';

/** The parts of `<type>:<name>`, as the map names its nodes. */
export function partsOf(id: string): { readonly type: string; readonly name: string } {
  const at = id.indexOf(':');
  return at < 0 ? { type: 'service', name: id } : { type: id.slice(0, at), name: id.slice(at + 1) };
}

export const nameOf = (id: string): string => partsOf(id).name;

/** Only what sends spans of its own has a page. */
export const hasPage = (type: string): boolean => type === 'service' || type === 'function';

const TYPE_WORDS: Readonly<Record<NodeType, string>> = {
  service: 'Service',
  function: 'Function',
  database: 'Database',
  cache: 'Cache',
  queue: 'Queue',
  external: 'Third party',
  process: 'Process',
};
export const typeWord = (type: NodeType): string => TYPE_WORDS[type];
