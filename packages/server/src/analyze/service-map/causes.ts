import type { CausesAnswer } from '@pitot/core';
import { countSlowerThan, durationQuantileMs } from '../../query/topology/durations.ts';
import type { Counted } from '../../query/topology/evidence.ts';
import { healthOf } from './health.ts';
import { onsetOf, type Onset } from './onset.ts';
import { errorRatio } from './red.ts';
import type { MapNode, ServiceMap } from './service-map.ts';
import { TroubleFinder, type Trouble, type TroubleKind } from './trouble.ts';
import { clockTime, lengthOfTime, listed, milliseconds, percent } from './wording.ts';

/** Requests that a node received in one step of time. */
export interface NodeStep extends Counted {
  readonly timeMs: number;
}

/** One failed or slow request of the symptom, as its trace shows it. */
export interface TroubledTrace {
  readonly traceId: string;
  /** Node whose span explains it: the deepest failed one that explains its parents, or the one that took the most critical time. */
  readonly origin: string;
}

/** When a version of a node was first seen, if that was within the range. */
export interface NewVersion {
  readonly node: string;
  readonly version: string;
  readonly firstSeenMs: number;
}

/** What the causes of a symptom are told from. Series, traces and versions may be empty: the map alone gives an answer. */
export interface CauseEvidence {
  readonly now: ServiceMap;
  /** The period before, of the same length. */
  readonly before: ServiceMap;
  /** By node id, ascending in time; may reach back into the period before. */
  readonly series: ReadonlyMap<string, readonly NodeStep[]>;
  readonly traces: readonly TroubledTrace[];
  readonly versions: readonly NewVersion[];
  readonly nowMs: number;
}

type Cause = CausesAnswer['causes'][number];

const LONGEST_WALK = 12;
const LEAST_FLOW = 0.02;
const LEAST_SCORE = 0.05;
const MOST_CAUSES = 10;
/** A new version counts as a cause when it came at most this long before the trouble. */
const DEPLOYMENT_MS = 15 * 60_000;
const LEAST_TRACES = 5;
/** What a cause keeps of its share when neither time nor a change speaks for it. */
const WEIGHT = { share: 0.6, onset: 0.25, change: 0.15 } as const;

interface Candidate {
  readonly id: string;
  readonly path: readonly string[];
  /** Of the symptom's trouble, what passes through it: 0–1. */
  readonly flow: number;
  readonly trouble: Trouble;
}

/** Which trouble a node has: the `known` one, else failing before slow. Undefined where it is as before. */
export function troubleKindOf(finder: TroubleFinder, id: string, known?: 'failing' | 'slow' | 'stopped'): TroubleKind | undefined {
  const first = known === 'slow' ? (['slow', 'failing'] as const) : (['failing', 'slow'] as const);
  return first.find((kind) => finder.troubleOf(id, kind).excess > 0);
}

/**
 * Where the trouble of a node comes from, likeliest first. The trouble is followed along the calls that fail or are slower than before;
 * at each node a part goes on to its dependencies and a part stays: the part that stays is the share of a cause. When it began, and
 * whether something changed then, moves the score.
 */
export function causesOf(evidence: CauseEvidence, symptom: string, known?: TroubleKind): CausesAnswer {
  const finder = new TroubleFinder(evidence.now, evidence.before);
  const node = evidence.now.nodes.get(symptom)!;
  const kind = troubleKindOf(finder, symptom, known);
  if (kind === undefined) return { node: symptom, sentence: `${node.name} neither fails nor is slow compared with the period before. ${healthOf(node.received, evidence.before.nodes.get(symptom)?.received ?? null).reason}`, causes: [] };
  const onset = onsetFor(evidence, symptom, kind);
  const causes = candidatesOf(finder, symptom, kind)
    .map((candidate) => causeOf(evidence, finder, symptom, kind, candidate, onset))
    .filter(({ score }) => score >= LEAST_SCORE)
    .sort((a, b) => b.score - a.score || a.path.length - b.path.length)
    .slice(0, MOST_CAUSES);
  return { node: symptom, sentence: sentenceOf(evidence, node, kind, causes, onset), causes };
}

/** Follows the trouble from the symptom downstream. What goes round in a loop fades. */
function candidatesOf(finder: TroubleFinder, symptom: string, kind: TroubleKind): Candidate[] {
  const found = new Map<string, { flow: number; path: readonly string[]; best: number }>([[symptom, { flow: 1, path: [symptom], best: 1 }]]);
  let border = new Map<string, { flow: number; path: readonly string[] }>([[symptom, { flow: 1, path: [symptom] }]]);
  for (let hop = 0; hop < LONGEST_WALK && border.size > 0; hop++) {
    const next = new Map<string, { flow: number; path: readonly string[] }>();
    for (const [id, { flow, path }] of border) {
      for (const [target, share] of finder.troubleOf(id, kind).carried) {
        const part = flow * share;
        if (part < LEAST_FLOW || path.includes(target)) continue;
        const known = next.get(target);
        next.set(target, { flow: part + (known?.flow ?? 0), path: known && known.flow >= part ? known.path : [...path, target] });
      }
    }
    for (const [id, { flow, path }] of next) {
      const known = found.get(id);
      found.set(id, { flow: Math.min(1, flow + (known?.flow ?? 0)), path: known && known.best >= flow ? known.path : path, best: Math.max(flow, known?.best ?? 0) });
    }
    border = next;
  }
  return [...found].map(([id, { flow, path }]) => {
    const trouble = finder.troubleOf(id, kind);
    // A dependency that made its caller time out need not fail itself.
    return { id, path, flow, trouble: trouble.excess > 0 ? trouble : finder.troubleOf(id, kind === 'failing' ? 'slow' : 'failing') };
  });
}

function causeOf(evidence: CauseEvidence, finder: TroubleFinder, symptom: string, kind: TroubleKind, candidate: Candidate, symptomOnset: Onset | undefined): Cause {
  const { id, flow, trouble, path } = candidate;
  const { traces } = evidence;
  const shown = traces.filter(({ origin }) => origin === id);
  const byMap = flow * trouble.own;
  const share = traces.length >= LEAST_TRACES ? (byMap + shown.length / traces.length) / 2 : byMap;
  const onset = onsetFor(evidence, id, kind) ?? onsetFor(evidence, id, kind === 'failing' ? 'slow' : 'failing');
  const version = newVersion(evidence, id, (onset ?? symptomOnset)?.timeMs);
  const timeliness = timelinessOf(onset, symptomOnset, stepMs(evidence, symptom));
  const score = share * (WEIGHT.share + WEIGHT.onset * timeliness + (version ? WEIGHT.change : 0)) / (WEIGHT.share + WEIGHT.onset);
  return {
    node: id,
    score: Number(Math.min(1, score).toFixed(3)),
    reasons: [
      ...stateReasons(evidence, finder, symptom, kind, candidate),
      ...onsetReasons(evidence, id, symptom, onset, symptomOnset),
      ...(version ? [`Version ${version.version} of it was first seen at ${clockTime(version.firstSeenMs, evidence.nowMs)}.`] : []),
      ...(traces.length >= LEAST_TRACES && shown.length > 0 ? [`In ${shown.length} of ${traces.length} ${kind} requests looked at, it is where the trouble starts.`] : []),
    ],
    path: [...path],
    began: onset ? new Date(onset.timeMs).toISOString() : null,
    trace_id: (shown[0] ?? (traces.length < LEAST_TRACES || id === symptom ? traces[0] : undefined))?.traceId ?? null,
  };
}

function stateReasons({ now, before }: CauseEvidence, finder: TroubleFinder, symptom: string, kind: TroubleKind, { id, flow, trouble }: Candidate): string[] {
  const node = now.nodes.get(id)!;
  const noun = kind === 'failing' ? 'failures' : 'delay';
  const reasons = [stateOf(node, before.nodes.get(id)?.received ?? null)];
  if (trouble.unreached >= 0.3) reasons.push(`${percent(trouble.unreached)} of what its callers see, its own spans do not show: it is not reached, or does not answer in time.`);
  if (id !== symptom) reasons.push(`${percent(flow)} of the ${noun} of ${now.nodes.get(symptom)!.name} ${kind === 'failing' ? 'pass' : 'passes'} through it.`);
  const explained = [...trouble.carried].filter(([, share]) => share >= 0.05).sort((a, b) => b[1] - a[1]);
  if (explained.length > 0) reasons.push(`Its dependencies explain ${percent(1 - trouble.own)} of it: ${listed(explained.map(([target, share]) => `${now.nodes.get(target)!.name} ${percent(share)}`))}.`);
  else if ((finder.adjacency.outgoing.get(id) ?? []).length > 0) reasons.push('None of its own dependencies is worse than before.');
  for (const edge of finder.adjacency.outgoing.get(id) ?? []) {
    const calls = finder.callsPerRequest(edge);
    if (calls && calls.now >= calls.before * 1.5 && calls.now - calls.before >= 0.5) reasons.push(`It calls ${now.nodes.get(edge.target)!.name} ${Number(calls.now.toPrecision(2))} times a request, ${Number(calls.before.toPrecision(2))} before.`);
  }
  return reasons;
}

function stateOf({ name, received }: MapNode, before: Counted | null): string {
  if (received === null) return `${name} shows no requests.`;
  const known = before !== null && before.calls > 0 ? before : null;
  const ratio = errorRatio(received);
  const [p95, p95Before] = [durationQuantileMs(received.durations, 0.95), known && durationQuantileMs(known.durations, 0.95)];
  const failing = `fails ${percent(ratio)} of its requests${known ? `, ${percent(errorRatio(known))} in the period before` : ''}`;
  const slower = p95 !== null && p95Before !== null && p95 >= p95Before * 1.3 ? `${milliseconds(p95)} at the 95th percentile, ${milliseconds(p95Before)} in the period before` : '';
  if (slower === '') return `${name} ${failing}.`;
  return ratio - (known ? errorRatio(known) : 0) >= 0.005 ? `${name} ${failing}, and takes ${slower}.` : `${name} takes ${slower}.`;
}

function onsetReasons({ nowMs }: CauseEvidence, id: string, symptom: string, onset: Onset | undefined, symptomOnset: Onset | undefined): string[] {
  if (!onset) return [];
  const at = `It became worse at ${clockTime(onset.timeMs, nowMs)}`;
  if (id === symptom || !symptomOnset) return [`${at}.`];
  const apart = symptomOnset.timeMs - onset.timeMs;
  return [apart === 0 ? `${at}, when the symptom began.` : `${at}, ${lengthOfTime(Math.abs(apart))} ${apart > 0 ? 'before' : 'after'} the symptom.`];
}

/** 1 where it began with the symptom or shortly before, less the longer before, 0 where it began later; in between where it is not known. */
function timelinessOf(onset: Onset | undefined, symptom: Onset | undefined, step: number): number {
  if (!symptom) return onset ? 0.7 : 0.5;
  if (!onset) return 0.3;
  const ahead = (symptom.timeMs - onset.timeMs) / step;
  if (ahead < -1.5) return 0;
  return ahead <= 5 ? 1 : Math.max(0.4, 1 - (ahead - 5) / 20);
}

function newVersion({ versions }: CauseEvidence, id: string, onsetMs: number | undefined): NewVersion | undefined {
  return onsetMs === undefined ? undefined : versions.find(({ node, firstSeenMs }) => node === id && firstSeenMs <= onsetMs + 60_000 && firstSeenMs >= onsetMs - DEPLOYMENT_MS);
}

function onsetFor({ series, before }: CauseEvidence, id: string, kind: TroubleKind): Onset | undefined {
  const steps = series.get(id) ?? [];
  const limitMs = durationQuantileMs(before.nodes.get(id)?.received?.durations ?? new Map(), 0.95);
  if (kind === 'slow' && limitMs === null) return undefined;
  return onsetOf(steps.map(({ timeMs, calls, errors, durations }) => ({ timeMs, all: calls, bad: kind === 'failing' ? errors : Math.min(calls, countSlowerThan(durations, limitMs!)) })));
}

function stepMs({ series }: CauseEvidence, id: string): number {
  const steps = series.get(id) ?? [];
  return steps.length > 1 ? (steps.at(-1)!.timeMs - steps[0]!.timeMs) / (steps.length - 1) : 60_000;
}

function sentenceOf({ now, nowMs }: CauseEvidence, node: MapNode, kind: TroubleKind, causes: readonly Cause[], onset: Onset | undefined): string {
  const since = onset ? ` since ${clockTime(onset.timeMs, nowMs)}` : '';
  const ratio = node.received ? errorRatio(node.received) : 0;
  const what = kind === 'failing' ? (ratio > 0 ? `is failing ${percent(ratio)} of its requests` : 'does not answer its callers') : 'is slower than before';
  const [first, second] = causes;
  if (!first) return `${node.name} ${what}${since}; nothing on the map explains it.`;
  const cause = first.node === node.id ? 'the cause is in itself' : `${now.nodes.get(first.node)!.name} is ${first.score >= 0.5 && first.score >= 2 * (second?.score ?? 0) ? 'the cause' : 'the likeliest cause'}`;
  return `${node.name} ${what}${since}; ${cause}.`;
}
