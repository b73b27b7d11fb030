import type { TopologyChangesAnswer } from '@pitot/core';
import { IconActivity, IconAlertTriangle, IconClock, IconMinus, IconPlus, IconTag, IconX } from '@tabler/icons-react';
import { changesQuery, useScope, useScoped } from '../../api/service-queries.ts';
import { countOf } from '../../time/phrase.ts';
import { Failure, SkeletonRows } from '../../ui/states.tsx';

type Change = TopologyChangesAnswer['changes'][number];

const ICONS: Readonly<Record<Change['kind'], typeof IconPlus>> = {
  node_added: IconPlus,
  node_removed: IconMinus,
  edge_added: IconPlus,
  edge_removed: IconMinus,
  version_changed: IconTag,
  traffic_changed: IconActivity,
  errors_changed: IconAlertTriangle,
  latency_changed: IconClock,
};
const MOST_SHOWN = 60;

interface ChangesPanelProps {
  readonly notes: readonly string[];
  readonly knows: (node: string) => boolean;
  readonly onOpen: (id: string) => void;
  readonly onClose: () => void;
}

/** What is different at the end of the range from its start, and what the map may lack. */
export function ChangesPanel({ notes, knows, onOpen, onClose }: ChangesPanelProps) {
  const changes = useScoped(changesQuery(useScope()));
  const list = changes.data?.changes;
  return (
    <aside className="side" aria-label="What changed">
      <header className="side-head">
        <h2>What changed in this range</h2>
        <span className="grow" />
        <button type="button" className="tool plain" onClick={onClose} aria-label="Close" title="Close (Esc)">
          <IconX size={16} stroke={1.75} aria-hidden />
        </button>
      </header>
      <section>
        {changes.error !== null && list === undefined ? (
          <Failure what="Changes" error={changes.error} onRetry={() => void changes.refetch()} />
        ) : list === undefined ? (
          <SkeletonRows rows={5} />
        ) : (
          <>
            <p className="dim">{list.length === 0 ? 'Nothing on the map is different from before the range began.' : `${countOf(list.length, 'change')} against the time before the range began.`}</p>
            <ul className="calls">
              {list.slice(0, MOST_SHOWN).map((change) => (
                <ChangeLine key={`${change.kind} ${change.id}`} change={change} node={nodeOf(change.id, knows)} onOpen={onOpen} />
              ))}
            </ul>
            {list.length > MOST_SHOWN && <p className="dim">and {list.length - MOST_SHOWN} more</p>}
          </>
        )}
      </section>
      {notes.length > 0 && (
        <section>
          <h3>What the map may lack</h3>
          {notes.map((note) => (
            <p key={note} className="dim">
              {note}
            </p>
          ))}
        </section>
      )}
    </aside>
  );
}

function ChangeLine({ change, node, onOpen }: { readonly change: Change; readonly node: string | undefined; readonly onOpen: (id: string) => void }) {
  const Icon = ICONS[change.kind];
  return (
    <li>
      <span className="row" style={{ alignItems: 'flex-start' }}>
        <Icon size={14} stroke={1.75} aria-hidden style={{ marginTop: 3 }} />
        {node === undefined ? (
          <span>{change.sentence}</span>
        ) : (
          <button type="button" style={{ whiteSpace: 'normal' }} onClick={() => onOpen(node)}>
            {change.sentence}
          </button>
        )}
      </span>
    </li>
  );
}

/** The node to look at: itself, or the end of an edge that is called. */
function nodeOf(id: string, knows: (node: string) => boolean): string | undefined {
  return [id, ...id.split('→').toReversed()].find(knows);
}
