import type { ServiceAnswer, ServicesAnswer } from '@pitot/core';
import type { Tone } from '../../ui/tone.tsx';
import type { Verdict } from '../../ui/sentence.tsx';
import { toneOf } from './health.ts';

const TONES: Readonly<Record<ServicesAnswer['verdict']['severity'], Tone>> = { ok: 'ok', warning: 'warn', critical: 'bad', unknown: 'none' };
const MOST_DETAILS = 4;

/** The verdict of all services, with the next worst ones below it. */
export function servicesVerdict({ services, verdict }: ServicesAnswer): Verdict {
  const others = services.filter(({ service, health }) => service !== verdict.symptom && (health === 'critical' || health === 'warning'));
  const details = others.slice(0, MOST_DETAILS).map(({ service, reason }) => `${service}: ${lowerFirst(reason)}`);
  const left = others.length - details.length;
  return {
    tone: services.length === 0 ? 'info' : TONES[verdict.severity],
    text: verdict.sentence,
    details: left > 0 ? [...details, `${left} more services are not well.`] : details,
  };
}

/** Ids of the nodes that the verdict speaks of. */
export function namedNodes({ verdict }: ServicesAnswer): string[] {
  return [...(verdict.symptom === null ? [] : [`service:${verdict.symptom}`]), ...(verdict.cause === null ? [] : [verdict.cause])];
}

/** The first line of a service's page: how it is, then what runs. */
export function serviceVerdict({ summary: { service, health, reason }, sentence }: ServiceAnswer): Verdict {
  const rest = sentence.replace(`${reason} `, '').replace(reason, '').trim();
  return { tone: toneOf(health), text: `${service}: ${lowerFirst(reason)}`, details: rest === '' ? [] : [rest] };
}

const lowerFirst = (text: string): string => (/^[A-Z][a-z]/.test(text) ? text[0]!.toLowerCase() + text.slice(1) : text);
