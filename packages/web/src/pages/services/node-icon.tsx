import { IconBolt, IconCube, IconDatabase, IconFunction, IconStack2, IconTerminal2, IconWorld } from '@tabler/icons-react';
import type { NodeType } from '@pitot/core';
import { typeWord } from '../../api/node-id.ts';

const ICONS: Readonly<Record<NodeType, typeof IconCube>> = {
  service: IconCube,
  function: IconFunction,
  database: IconDatabase,
  cache: IconBolt,
  queue: IconStack2,
  external: IconWorld,
  process: IconTerminal2,
};

export function NodeIcon({ type, size = 16 }: { readonly type: NodeType; readonly size?: number }) {
  const Icon = ICONS[type];
  return <Icon size={size} stroke={1.6} role="img" aria-label={typeWord(type)} />;
}
