import type { Host } from '@pitot/core';
import { countOf } from '../../time/phrase.ts';
import type { Verdict } from '../../ui/sentence.tsx';
import { hostFindings } from '../overview/verdict.ts';

/** The first line of the hosts page. */
export function hostsVerdict(hosts: readonly Host[], nowMs: number): Verdict {
  if (hosts.length === 0) return { tone: 'info', text: 'No host reports yet.' };
  const findings = hosts.flatMap((host) => hostFindings(host, nowMs)).sort((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad'));
  const [worst, ...rest] = findings;
  if (worst !== undefined) return { tone: worst.tone, text: worst.text, details: rest.slice(0, 4).map((finding) => finding.text) };
  const one = hosts.length === 1;
  return { tone: 'ok', text: `${one ? `The host ${hosts[0]!.host_name} reports` : `All ${countOf(hosts.length, 'host')} report`}; none is short of processor, memory or disk.` };
}
