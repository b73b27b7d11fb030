import { NodeLink } from '../../ui/links.tsx';
import { namedParts } from './named-parts.ts';
import { nameOf } from '../../api/node-id.ts';

/** A sentence in which the nodes it names are links. */
export function NamedText({ text, nodes }: { readonly text: string; readonly nodes: readonly string[] }) {
  const parts = namedParts(
    text,
    nodes.map((id) => ({ id, name: nameOf(id) })),
  );
  return parts.map(({ text: piece, node }, i) => (node === undefined ? piece : <NodeLink key={`${i}${node}`} node={node}>{piece}</NodeLink>));
}
