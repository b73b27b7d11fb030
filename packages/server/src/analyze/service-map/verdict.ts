import type { CausesAnswer, ServicesAnswer, ServiceSummary } from '@pitot/core';
import { p95Of, type Finding } from './judgement.ts';
import { errorRatio } from './red.ts';
import { adjacencyOf, type ServiceMap } from './service-map.ts';
import { silentSince, type Watch, type Watched } from './watch.ts';
import { amount, clockTime, counted, lengthOfTime, percent, timesBetween } from './wording.ts';

type Verdict = ServicesAnswer['verdict'];
const SILENT = { symptom: null, cause: null };
const RANK: Readonly<Record<Finding['kind'], number>> = { failing: 0, slow: 0, stopped: 1 };

/** What the Overview says when nothing is wrong now, or when nothing is known. */
export function quietVerdict(services: readonly ServiceSummary[], watch: Watch, lengthMs: number, nowMs: number): Verdict {
  const judged = services.filter(({ health }) => health === 'healthy');
  const during = `in the last ${lengthOfTime(lengthMs)}`;
  if (services.length === 0) return { severity: 'unknown', sentence: `No service sent spans ${during}.`, ...SILENT };
  if (judged.length === 0) return { severity: 'unknown', sentence: `${counted(services.length, 'service')} sent spans ${during}, but too few requests to judge ${services.length === 1 ? 'it' : 'them'} by.`, ...SILENT };
  const calls = services.reduce((sum, { red }) => sum + red.calls, 0);
  const errors = services.reduce((sum, { red }) => sum + red.errors, 0);
  const past = worstPast(watch);
  const idle = services.length - judged.length;
  const many = judged.length > 1 ? 'are' : 'is';
  const healthy = `healthy${past === undefined ? '' : ' now'}`;
  const who = idle > 0 ? `${judged.length} of ${services.length} services ${many} ${healthy}, ${idle} had too few requests to judge` : judged.length === 1 ? `${judged[0]!.service} is ${healthy}` : `All ${judged.length} services are ${healthy}`;
  if (past !== undefined) return { severity: 'ok', sentence: `${who}; ${past.watched.service} ${pastSentence(past.finding, nowMs)}.`, ...SILENT };
  return { severity: 'ok', sentence: `${who}: ${amount((calls * 1000) / lengthMs)} requests/s, ${percent(calls > 0 ? errors / calls : 0)} errors ${during}.`, ...SILENT };
}

/** The critical trouble of the range that hurt most requests; lesser ones are told of their service only. */
function worstPast({ services }: Watch): { readonly watched: Watched; readonly finding: Finding } | undefined {
  const all = services.flatMap((watched) => watched.judgement.past.filter(({ health }) => health === 'critical').map((finding) => ({ watched, finding })));
  return all.sort((a, b) => Number(b.finding.kind === 'failing') - Number(a.finding.kind === 'failing') || hurt(b.finding) - hurt(a.finding))[0];
}

/** What the Overview says when nothing comes any more; undefined where something does. */
export function silentVerdict(watch: Watch, nowMs: number): Verdict | undefined {
  const sinceMs = silentSince(watch);
  if (sinceMs === undefined) return undefined;
  const rate = watch.services.reduce((sum, { judgement }) => sum + (judgement.now?.usualRate ?? 0), 0);
  return { severity: 'critical', sentence: `No service has received a request since ${clockTime(sinceMs, nowMs)}; ${amount(rate)} a second came before. Either users cannot reach the system, or its spans do not reach Pitot.`, ...SILENT };
}

/** What is troubled now, and who of it to speak of. */
interface Symptom {
  /** Whose users notice. */
  readonly symptom: Watched;
  /** The service in the worst trouble, which may be behind the symptom. */
  readonly worst: Watched;
}

/**
 * The service to speak of: from the worst one up along the callers, as long as they are troubled too, to the one nearest to users. Undefined
 * where all are well.
 */
export function symptomOf(watch: Watch, map: ServiceMap | undefined): Symptom | undefined {
  const troubled = watch.services.filter(({ judgement }) => judgement.now !== null);
  const worst = troubled.toSorted(
    ({ judgement: { now: a } }, { judgement: { now: b } }) => RANK[a!.kind] - RANK[b!.kind] || Number(b!.health === 'critical') - Number(a!.health === 'critical') || hurt(b!) - hurt(a!),
  )[0];
  if (worst === undefined) return undefined;
  if (map === undefined || worst.judgement.now!.kind === 'stopped') return { symptom: worst, worst };
  const { incoming } = adjacencyOf(map);
  const byId = new Map(troubled.filter(({ judgement: { now } }) => now!.kind !== 'stopped').map((one) => [idOf(map, one.service), one] as const));
  const reached = new Map([[idOf(map, worst.service), 0]]);
  for (const [id, hops] of reached) {
    for (const { source, kind } of incoming.get(id) ?? []) if (kind === 'request' && byId.has(source) && !reached.has(source)) reached.set(source, hops + 1);
  }
  const share = (id: string) => {
    const node = map.nodes.get(id);
    return node?.received ? node.entered / Math.max(1, node.received.calls) : 0;
  };
  const candidates = [...reached].map(([id, hops]) => ({ id, hops, isEntry: share(id) >= 0.5, one: byId.get(id)! }));
  const best = candidates.toSorted((a, b) => Number(b.isEntry) - Number(a.isEntry) || b.hops - a.hops || hurt(b.one.judgement.now!) - hurt(a.one.judgement.now!))[0]!;
  return { symptom: best.one, worst };
}

/** The id under which a service is on the map. */
export function idOf({ nodes }: Pick<ServiceMap, 'nodes'>, service: string): string {
  return nodes.has(`function:${service}`) && !nodes.has(`service:${service}`) ? `function:${service}` : `service:${service}`;
}

/** What the Overview says of a symptom and its likeliest cause. */
export function troubledVerdict({ symptom, worst }: Symptom, causes: CausesAnswer | undefined, nameOf: (node: string) => string, nowMs: number): Verdict {
  const now = symptom.judgement.now!;
  const cause = causes?.causes[0];
  const behind = worst === symptom ? undefined : worst.service;
  const name = cause === undefined ? behind : nameOf(cause.node);
  const certain = cause !== undefined && cause.score >= 0.5;
  const explained = name === undefined ? '' : name === symptom.service ? '; the cause is in itself' : `; ${name} is ${certain ? 'the cause' : 'the likeliest cause'}`;
  const severity = now.health === 'critical' || worst.judgement.now!.health === 'critical' ? 'critical' : 'warning';
  return { severity, sentence: `${symptom.service} ${presentSentence(now, nowMs)}${explained}.`, symptom: symptom.service, cause: cause?.node ?? (behind === undefined ? null : `service:${behind}`) };
}

function presentSentence({ kind, counts, usual, usualRate, fromMs }: Finding, nowMs: number): string {
  const since = `since ${clockTime(fromMs, nowMs)}`;
  if (kind === 'stopped') return `has got no requests ${since}, ${amount(usualRate)} a second before, while others do`;
  if (kind === 'failing') return `is failing ${percent(errorRatio(counts))} of its requests ${since}`;
  return `is slow ${since}: the slowest 5 % take ${p95Of(counts)}${usual === null ? '' : `, ${p95Of(usual)} before`}`;
}

function pastSentence({ kind, counts, usual, fromMs, toMs }: Finding, nowMs: number): string {
  const when = `from ${timesBetween(fromMs, toMs!, nowMs)}`;
  if (kind === 'failing') return `failed ${percent(errorRatio(counts))} of its requests ${when}`;
  return `was slow ${when}: the slowest 5 % took ${p95Of(counts)}${usual === null ? '' : `, ${p95Of(usual)} usually`}`;
}

/** Requests that failed, or lasted too long, more or less. */
function hurt({ kind, counts }: Finding): number {
  return kind === 'failing' ? counts.errors : counts.calls * 0.05;
}
