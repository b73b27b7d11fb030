import type { Red, TopologyAnswer, TopologyEdge, TopologyNode } from '@pitot/core';
import { IconFocusCentered, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useScope, useScoped, causesQuery, criticalPathQuery, impactQuery, servicesQuery } from '../../api/service-queries.ts';
import { countOf, listOf } from '../../time/phrase.ts';
import { Age } from '../../ui/age.tsx';
import { LogsLink, TraceLink, TracesLink } from '../../ui/links.tsx';
import { Failure, SkeletonRows } from '../../ui/states.tsx';
import { Badge } from '../../ui/tone.tsx';
import { formatChange } from '../../units/format.ts';
import { CallList } from './call-list.tsx';
import { formatMs, formatRate, formatShare, toneOf, wordOf } from './health.ts';
import { NamedText } from './named-text.tsx';
import { hasPage, nameOf, typeWord } from '../../api/node-id.ts';
import { NodeIcon } from './node-icon.tsx';
import { peerTerm, serviceTerm } from './search-terms.ts';

interface NodePanelProps {
  readonly topology: TopologyAnswer;
  readonly node: TopologyNode;
  readonly depth: 0 | 1 | 2;
  readonly onDepth: (depth: 0 | 1 | 2) => void;
  readonly onOpen: (id: string) => void;
  readonly onClose: () => void;
}

const DEPTHS = [
  { depth: 0, label: 'Show all' },
  { depth: 1, label: '1 call around' },
  { depth: 2, label: '2 calls around' },
] as const;

/** All that is known of one node, beside the map. */
export function NodePanel({ topology, node, depth, onDepth, onOpen, onClose }: NodePanelProps) {
  const name = node.name;
  return (
    <aside className="side" aria-label={`${typeWord(node.type)} ${name}`}>
      <header className="side-head">
        <NodeIcon type={node.type} size={18} />
        <h2 title={node.id}>{name}</h2>
        <Badge tone={toneOf(node.health)}>{wordOf(node.health)}</Badge>
        <span className="grow" />
        <button type="button" className="tool plain" onClick={onClose} aria-label="Close" title="Close (Esc)">
          <IconX size={16} stroke={1.75} aria-hidden />
        </button>
      </header>
      <section>
        <p data-tone={toneOf(node.health)} className={node.health === 'critical' || node.health === 'warning' ? 'side-reason' : ''}>
          {node.reason}
        </p>
        <NodeFacts node={node} />
        <div className="side-tools">
          {hasPage(node.type) ? (
            <>
              <Link to="/services/$service" params={{ service: name }}>
                Open {name}
              </Link>
              <LogsLink query={serviceTerm(name)}>Logs</LogsLink>
              <TracesLink query={serviceTerm(name)}>Traces</TracesLink>
            </>
          ) : (
            node.type !== 'process' && <TracesLink query={peerTerm(name)}>Traces that call it</TracesLink>
          )}
        </div>
      </section>
      <section>
        <Figures node={node} />
      </section>
      <section>
        <div className="tools" role="group" aria-label="How much of the map is shown">
          {DEPTHS.map((choice) => (
            <button key={choice.depth} type="button" className="tool" aria-pressed={depth === choice.depth} onClick={() => onDepth(choice.depth)}>
              {choice.depth === 1 && <IconFocusCentered size={15} stroke={1.75} aria-hidden />} {choice.label}
            </button>
          ))}
        </div>
      </section>
      <Causes node={node} />
      <Impact node={node} onOpen={onOpen} />
      <CallList title="Called by" edges={topology.edges.filter(({ target }) => target === node.id)} end="source" nodes={topology.nodes} onOpen={onOpen} />
      <CallList title="Calls" edges={topology.edges.filter(({ source }) => source === node.id)} end="target" nodes={topology.nodes} onOpen={onOpen} />
      {hasPage(node.type) && <CriticalPath node={node.id} onOpen={onOpen} />}
      <Seen node={node} edges={topology.edges} />
    </aside>
  );
}

function NodeFacts({ node: { type, system, group, versions } }: { readonly node: TopologyNode }) {
  const parts = [typeWord(type), system, group === '' ? '' : `in ${group}`, versions.length === 0 ? '' : `version ${listOf(versions)}`].filter((part) => part !== '');
  return <p className="dim">{parts.join(' · ')}</p>;
}

/** Rate, errors and duration, against the period before where that is known. */
function Figures({ node }: { readonly node: TopologyNode }) {
  const services = useScoped(servicesQuery(useScope()));
  const summary = hasPage(node.type) ? services.data?.services.find(({ service }) => service === node.name) : undefined;
  const red = summary?.red ?? node.red;
  if (red === null) return <p className="dim">No span shows its requests; only sockets or declarations are known.</p>;
  const previous: Red | null = summary?.previous ?? null;
  return (
    <div className="figures">
      <div>
        <small>Calls</small>
        <b>{formatRate(red.calls_per_second)}</b>
        <small>{formatChange(red.calls_per_second, previous?.calls_per_second) ?? ' '}</small>
      </div>
      <div>
        <small>Errors</small>
        <b>{formatShare(red.error_ratio)}</b>
        <small>{formatChange(red.error_ratio * 100, previous === null ? null : previous.error_ratio * 100, 'percent') ?? ' '}</small>
      </div>
      <div>
        <small>p95</small>
        <b>{formatMs(red.p95_ms)}</b>
        <small>{(previous !== null && formatChange(red.p95_ms, previous.p95_ms)) || ' '}</small>
      </div>
      <p className="dim figures-rest">
        p50 {formatMs(red.p50_ms)}, p99 {formatMs(red.p99_ms)}
        {previous !== null && '; changes are against the period before'}
      </p>
    </div>
  );
}

function Causes({ node }: { readonly node: TopologyNode }) {
  const isTroubled = node.health === 'critical' || node.health === 'warning';
  const causes = useScoped(causesQuery(useScope(), node.id), isTroubled);
  if (!isTroubled) return null;
  return (
    <section aria-label="Why is it unwell?">
      <h3>Why is it unwell?</h3>
      {causes.error !== null && causes.data === undefined ? (
        <Failure what="Causes" error={causes.error} onRetry={() => void causes.refetch()} />
      ) : causes.data === undefined ? (
        <SkeletonRows rows={3} />
      ) : (
        <>
          <p>
            <NamedText text={causes.data.sentence} nodes={causes.data.causes.map((cause) => cause.node)} />
          </p>
          <CauseList causes={causes.data.causes} />
        </>
      )}
    </section>
  );
}

const MOST_CAUSES = 4;

function CauseList({ causes }: { readonly causes: readonly { node: string; score: number; reasons: readonly string[]; path: readonly string[]; began: string | null; trace_id: string | null }[] }) {
  return (
    <ol className="calls">
      {causes.slice(0, MOST_CAUSES).map(({ node, score, reasons, path, began, trace_id: traceId }) => (
        <li key={node}>
          <span className="row">
            <NamedText text={nameOf(node)} nodes={[node]} />
          </span>
          <span className="figure dim">{Math.round(score * 100)} % likely</span>
          <span className="under">
            {reasons.join(' ')} {path.length > 1 && `By way of ${path.map(nameOf).join(' → ')}.`}{' '}
            {began !== null && (
              <>
                Began <Age of={Date.parse(began)} />.{' '}
              </>
            )}
            {traceId !== null && <TraceLink traceId={traceId}>A trace that shows it</TraceLink>}
          </span>
        </li>
      ))}
    </ol>
  );
}

const MOST_AFFECTED = 6;

function Impact({ node, onOpen }: { readonly node: TopologyNode; readonly onOpen: (id: string) => void }) {
  const impact = useScoped(impactQuery(useScope(), node.id));
  return (
    <section aria-label="What breaks if this fails?">
      <h3>What breaks if this fails?</h3>
      {impact.error !== null && impact.data === undefined ? (
        <Failure what="The impact" error={impact.error} onRetry={() => void impact.refetch()} />
      ) : impact.data === undefined ? (
        <SkeletonRows rows={2} />
      ) : (
        <>
          <p>{impact.data.sentence}</p>
          <ul className="calls">
            {impact.data.affected.slice(0, MOST_AFFECTED).map(({ node: id, traffic_share: share, calls_per_second: rate, hops, is_entry: isEntry, is_delayed: isDelayed }) => (
              <li key={id}>
                <span className="row">
                  <button type="button" onClick={() => onOpen(id)}>
                    {nameOf(id)}
                  </button>
                </span>
                <span className="figure">{formatShare(share)}</span>
                <span className="under">
                  {countOf(hops, 'call')} away, {formatRate(rate)}
                  {isEntry && '; users reach it directly'}
                  {isDelayed && '; delayed rather than failing'}
                </span>
              </li>
            ))}
          </ul>
          {impact.data.affected.length > MOST_AFFECTED && <p className="dim">and {impact.data.affected.length - MOST_AFFECTED} more</p>}
        </>
      )}
    </section>
  );
}

const MOST_STEPS = 8;

function CriticalPath({ node, onOpen }: { readonly node: string; readonly onOpen: (id: string) => void }) {
  const path = useScoped(criticalPathQuery(useScope(), node));
  return (
    <section aria-label="Where its time goes">
      <h3>Where its time goes</h3>
      {path.error !== null && path.data === undefined ? (
        <Failure what="The critical path" error={path.error} onRetry={() => void path.refetch()} />
      ) : path.data === undefined ? (
        <SkeletonRows rows={3} />
      ) : (
        <>
          <p>
            {path.data.sentence} <span className="dim">From {countOf(path.data.traces, 'trace')}.</span>
          </p>
          <ul className="calls">
            {path.data.steps.slice(0, MOST_STEPS).map(({ node: id, operation, share, mean_ms: mean }) => (
              <li key={`${id} ${operation}`}>
                <span className="row">
                  <button type="button" onClick={() => onOpen(id)} title={operation}>
                    {nameOf(id)} <span className="dim">{operation}</span>
                  </button>
                </span>
                <span className="figure">
                  {formatShare(share)} · {formatMs(mean)}
                </span>
                <span className="share-bar" aria-hidden>
                  <i style={{ width: `${Math.min(100, share * 100)}%` }} />
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

/** When, and by which evidence. */
function Seen({ node, edges }: { readonly node: TopologyNode; readonly edges: readonly TopologyEdge[] }) {
  const sources = new Set(edges.filter(({ source, target }) => source === node.id || target === node.id).flatMap(({ evidence }) => evidence.map(({ source }) => source)));
  return (
    <section>
      <p className="dim" style={{ margin: 0 }}>
        First seen <Age of={Date.parse(node.first_seen)} />, last <Age of={Date.parse(node.last_seen)} />
        {sources.size > 0 && `, by ${listOf([...sources])}`}.
      </p>
    </section>
  );
}
