import type { NodeType } from '@pitot/core';
import { NodeIcon } from './node-icon.tsx';
import { typeWord } from '../../api/node-id.ts';

const TYPES: readonly NodeType[] = ['service', 'function', 'database', 'cache', 'queue', 'external', 'process'];

/** What icons and lines mean. */
export function MapLegend() {
  return (
    <div className="map-legend" aria-label="Legend">
      {TYPES.map((type) => (
        <span key={type}>
          <NodeIcon type={type} size={13} /> {typeWord(type)}
        </span>
      ))}
      <Line label="wider: more calls" width={3} />
      <Line label="failing" dashes="7 4" colour="var(--bad)" />
      <Line label="no span shows it" dashes="1.5 5" />
    </div>
  );
}

function Line({ label, width = 2, dashes, colour = 'currentColor' }: { readonly label: string; readonly width?: number; readonly dashes?: string; readonly colour?: string }) {
  return (
    <span>
      <svg width={24} height={8} aria-hidden>
        <path d="M1,4h22" stroke={colour} strokeWidth={width} strokeDasharray={dashes} strokeLinecap="round" />
      </svg>
      {label}
    </span>
  );
}
