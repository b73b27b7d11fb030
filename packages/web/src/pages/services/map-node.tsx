import { IconChevronDown, IconFolder } from '@tabler/icons-react';
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react';
import { countOf } from '../../time/phrase.ts';
import { ToneIcon } from '../../ui/tone.tsx';
import { formatRate, formatShare, toneOf, wordOf } from './health.ts';
import type { FoldedGroup, GraphNode } from './map-graph.ts';
import { useMapDeeds } from './map-deeds.ts';
import { NodeIcon } from './node-icon.tsx';
import { typeWord } from '../../api/node-id.ts';

interface NodeState {
  readonly isSelected: boolean;
  /** Out of what is looked for, or not beside what is selected. */
  readonly isDimmed: boolean;
  readonly isFound: boolean;
  /** Reached by the Tab key. */
  readonly isEntrance: boolean;
}

export type MapNodeData = Node<{ readonly shown: GraphNode; readonly state: NodeState }, 'thing'>;
export type MapFrameData = Node<{ readonly name: string; readonly size: number }, 'frame'>;

/** One service, store, queue, third party or folded group. */
export function MapNode({ data: { shown, state } }: NodeProps<MapNodeData>) {
  const { open } = useMapDeeds();
  const { node, folded } = shown;
  const health = node?.health ?? folded!.health;
  return (
    <>
      <Handle type="target" position={Position.Left} isConnectable={false} />
      <button
        type="button"
        className="map-node"
        data-tone={toneOf(health)}
        data-health={health}
        data-dimmed={state.isDimmed}
        data-found={state.isFound}
        data-folded={folded !== undefined}
        data-node={shown.id}
        aria-pressed={state.isSelected}
        aria-label={folded === undefined ? `${typeWord(node!.type)} ${node!.name}, ${wordOf(health)}` : `Group ${folded.name}, ${folded.size} nodes, ${wordOf(health)}`}
        title={folded === undefined ? node!.reason : `Open ${folded.name}`}
        tabIndex={state.isEntrance ? 0 : -1}
        onClick={() => open(shown)}
      >
        {node === undefined ? <IconFolder size={18} stroke={1.6} aria-hidden /> : <NodeIcon type={node.type} size={18} />}
        <span className="map-node-words">
          <span className="map-node-name">{node?.name ?? folded!.name}</span>
          <span className="map-node-figures">
            <ToneIcon tone={toneOf(health)} size={13} />
            {node === undefined ? groupFigures(folded!) : figuresOf(node)}
          </span>
        </span>
      </button>
      <Handle type="source" position={Position.Right} isConnectable={false} />
    </>
  );
}

function figuresOf({ health, red }: NonNullable<GraphNode['node']>): string {
  const word = wordOf(health);
  if (red === null) return word;
  return health === 'critical' || health === 'warning' ? `${word} · ${formatShare(red.error_ratio)}` : `${word} · ${formatRate(red.calls_per_second)}`;
}

const groupFigures = ({ size, troubled, health }: FoldedGroup): string => (troubled > 0 ? `${wordOf(health)} · ${troubled} of ${size}` : `${wordOf(health)} · ${countOf(size, 'node')}`);

/** The frame of an open group; its name folds it. */
export function MapFrame({ data: { name, size } }: NodeProps<MapFrameData>) {
  const { fold } = useMapDeeds();
  return (
    <div className="map-frame">
      <button type="button" onClick={() => fold(name)} title={`Fold ${name} into one node`} aria-expanded="true">
        <IconChevronDown size={14} stroke={1.75} aria-hidden /> {name} <span className="dim">{size}</span>
      </button>
    </div>
  );
}
