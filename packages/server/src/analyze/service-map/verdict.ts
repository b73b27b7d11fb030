import type { CausesAnswer, ServicesAnswer, ServiceSummary } from '@pitot/core';
import { amount, clockTime, counted, lengthOfTime, milliseconds, percent } from './wording.ts';

type Verdict = ServicesAnswer['verdict'];

/**
 * The service to speak of: of the worst health, one whose users notice before one that only others call, then the one that fails most
 * requests. Undefined where all are well.
 */
export function symptomOf(services: readonly ServiceSummary[], isEntry: (service: string) => boolean): ServiceSummary | undefined {
  const troubled = services.filter(({ health }) => health === 'critical' || health === 'warning');
  return troubled.toSorted((a, b) => Number(b.health === 'critical') - Number(a.health === 'critical') || Number(isEntry(b.service)) - Number(isEntry(a.service)) || b.red.errors - a.red.errors)[0];
}

/** What the Overview says when all is well, or when nothing is known. */
export function quietVerdict(services: readonly ServiceSummary[], lengthMs: number): Verdict {
  const judged = services.filter(({ health }) => health === 'healthy');
  const during = `in the last ${lengthOfTime(lengthMs)}`;
  const silent = { symptom: null, cause: null };
  if (services.length === 0) return { severity: 'unknown', sentence: `No service sent spans ${during}.`, ...silent };
  if (judged.length === 0) return { severity: 'unknown', sentence: `${counted(services.length, 'service')} sent spans ${during}, but too few requests to judge ${services.length === 1 ? 'it' : 'them'} by.`, ...silent };
  const calls = services.reduce((sum, { red }) => sum + red.calls, 0);
  const errors = services.reduce((sum, { red }) => sum + red.errors, 0);
  const numbers = `${amount((calls * 1000) / lengthMs)} requests/s, ${percent(calls > 0 ? errors / calls : 0)} errors ${during}`;
  const idle = services.length - judged.length;
  const who = idle > 0 ? `${judged.length} of ${services.length} services are healthy, ${idle} had too few requests to judge` : judged.length === 1 ? `${judged[0]!.service} is healthy` : `All ${judged.length} services are healthy`;
  return { severity: 'ok', sentence: `${who}: ${numbers}.`, ...silent };
}

/** What the Overview says of a symptom and its likeliest cause. */
export function troubledVerdict(symptom: ServiceSummary, causes: CausesAnswer | undefined, nameOf: (node: string) => string, nowMs: number): Verdict {
  const { service, red, previous, health } = symptom;
  const cause = causes?.causes[0];
  const began = causes?.causes.find(({ path }) => path.length === 1)?.began ?? cause?.began;
  const since = began ? ` since ${clockTime(Date.parse(began), nowMs)}` : '';
  const isSlow = symptom.reason.startsWith('Slow');
  const what = isSlow ? `is slow${since}: the slowest 5 % take ${red.p95_ms === null ? 'longer' : milliseconds(red.p95_ms)} and more${previous?.p95_ms ? `, ${milliseconds(previous.p95_ms)} before` : ''}` : `is failing ${percent(failingShare(symptom))} of its requests${since}`;
  const sure = cause && cause.score >= 0.5;
  const explained = cause === undefined ? '' : nameOf(cause.node) === service ? '; the cause is in itself' : `; ${nameOf(cause.node)} is ${sure ? 'the cause' : 'the likeliest cause'}`;
  return { severity: health === 'critical' ? 'critical' : 'warning', sentence: `${service} ${what}${explained}.`, symptom: service, cause: cause?.node ?? null };
}

/** As the reason says it: of the time by which the service is judged, not of the whole range. */
function failingShare({ reason, red }: ServiceSummary): number {
  const [, share] = /^Failing (?:< )?([\d.]+) %/.exec(reason) ?? [];
  return share === undefined ? red.error_ratio : Number(share) / 100;
}
