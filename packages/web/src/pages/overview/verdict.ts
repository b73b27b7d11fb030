import type { Host, ServicesAnswer, Source, StatusAnswer } from '@pitot/core';
import { countOf, listOf, sayDuration } from '../../time/phrase.ts';
import type { Verdict } from '../../ui/sentence.tsx';
import type { Tone } from '../../ui/tone.tsx';
import { formatValue } from '../../units/format.ts';
import { servicesVerdict } from '../services/service-verdict.ts';

export interface Observed {
  readonly status: StatusAnswer | undefined;
  readonly sources: readonly Source[] | undefined;
  readonly hosts: readonly Host[] | undefined;
  /** Of services that send spans; undefined where they could not be asked for. */
  readonly services?: ServicesAnswer | undefined;
  /** Scrape targets with `up == 0`, by name; undefined where it could not be asked. */
  readonly downTargets: readonly string[] | undefined;
  readonly targetCount: number;
  readonly nowMs: number;
}

/** A source or host that sent before and has been silent this long is worth a word. */
export const SILENT_AFTER_MS = 5 * 60_000;
/** After this long it is taken to be gone for good, and no longer a problem. */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;
const SPOOL_WARN = 0.5;
const SPOOL_BAD = 0.9;
const BEHIND_WARN_MS = 60_000;

/**
 * Shares of a host's resources in percent, for words and colours alike. Busy processors are worth a look, but no problem
 * by themselves.
 */
export const HOST_LIMITS = {
  cpu: { warn: 95, bad: Number.POSITIVE_INFINITY },
  memory: { warn: 90, bad: 97 },
  disk: { warn: 85, bad: 95 },
} as const;
const { cpu: CPU, memory: MEMORY, disk: DISK } = HOST_LIMITS;
/** Share of time in which something waited for memory or disk (Linux PSI). */
const STALL_WARN = 40;

interface Finding {
  readonly tone: 'bad' | 'warn';
  readonly text: string;
}

/**
 * The first line of Overview. Where there are services it begins with them: what is broken and the likely cause, or that they are well; then
 * comes the worst of what else was found. Without any it is that, or that all is well and what was looked at.
 */
export function overviewVerdict(observed: Observed): Verdict | undefined {
  const { status, sources, hosts } = observed;
  if (status === undefined || sources === undefined || hosts === undefined) return undefined;
  const findings = [
    ...storeFindings(status),
    ...targetFindings(observed),
    ...hosts.flatMap((host) => hostFindings(host, observed.nowMs)),
    ...silenceFindings(sources, observed.nowMs),
  ].sort((a, b) => Number(b.tone === 'bad') - Number(a.tone === 'bad'));
  const [worst, ...rest] = findings;
  if (observed.services !== undefined && observed.services.services.length > 0) return withServices(observed.services, findings, observed);
  if (worst !== undefined) return { tone: worst.tone, text: worst.text, details: rest.slice(0, MOST_DETAILS).map((finding) => finding.text) };
  return calmVerdict(observed, sources, hosts);
}

const MOST_DETAILS = 4;
const SEVERITIES: readonly Tone[] = ['bad', 'warn', 'none', 'info', 'ok'];

function withServices(answer: ServicesAnswer, findings: readonly Finding[], { targetCount, hosts = [], nowMs }: Observed): Verdict {
  const { tone, text, details = [] } = servicesVerdict(answer);
  const [worst, ...rest] = findings;
  const isBad = (finding: Finding): boolean => finding.tone === 'bad';
  const others = (list: readonly Finding[]): string[] => list.map((finding) => finding.text);
  // What is broken in the services comes first; what else is wrong does not hide behind services that are well.
  if (tone === 'bad' || tone === 'warn') return { tone: worst?.tone === 'bad' ? 'bad' : tone, text, details: [...others(findings.filter(isBad)), ...details, ...others(findings.filter((finding) => !isBad(finding)))].slice(0, MOST_DETAILS) };
  if (worst !== undefined) return { tone: SEVERITIES.find((severity) => severity === worst.tone || severity === tone)!, text: `${text} But: ${worst.text}`, details: others(rest).slice(0, MOST_DETAILS) };
  const liveHosts = hosts.filter((host) => nowMs - Date.parse(host.last_seen) < SILENT_AFTER_MS).length;
  const also = [...(liveHosts > 0 ? [countOf(liveHosts, 'host')] : []), ...(targetCount > 0 ? [countOf(targetCount, 'scrape target')] : [])];
  return { tone, text: also.length === 0 ? text : `${text} ${listOf(also)} ${liveHosts + targetCount === 1 ? 'reports' : 'report'}, too.` };
}

function calmVerdict({ targetCount, nowMs }: Observed, sources: readonly Source[], hosts: readonly Host[]): Verdict {
  const live = liveServices(sources, nowMs);
  const liveHosts = hosts.filter((host) => nowMs - Date.parse(host.last_seen) < SILENT_AFTER_MS);
  if (live.length === 0 && liveHosts.length === 0) {
    return { tone: 'info', text: 'Nothing sends data to Pitot yet. Connect a service and it appears here within seconds.' };
  }
  const senders = [
    ...(live.length > 0 ? [countOf(live.length, 'service')] : []),
    ...(liveHosts.length > 0 ? [countOf(liveHosts.length, 'host')] : []),
  ];
  const rate = sources.reduce((sum, source) => sum + source.samples_per_second, 0);
  const targets = targetCount > 0 ? ` ${countOf(targetCount, 'scrape target')} answered.` : '';
  return {
    tone: 'ok',
    text: `Everything that reports is up: ${listOf(senders)} sent ${formatValue(rate, 'per_second').replace('/s', '')} samples/s in the last minute.${targets}`,
  };
}

/** What Pitot collects by itself, of itself and of its machine, is no service that somebody connected. */
const OWN_RECEIVERS = new Set(['host', 'pitot']);

/** Names of connected services that sent in the last minutes. */
export function liveServices(sources: readonly Source[], nowMs: number): string[] {
  const live = sources.filter((source) => !isOwnCollector(source) && nowMs - Date.parse(source.last_received) < SILENT_AFTER_MS);
  return [...new Set(live.map((source) => source.service))];
}

export const isOwnCollector = (source: Source): boolean => OWN_RECEIVERS.has(source.receiver);

function storeFindings({ circuit_breaker: breaker, spool }: StatusAnswer): Finding[] {
  const findings: Finding[] = [];
  const share = spool.limit_bytes > 0 ? spool.size_bytes / spool.limit_bytes : 0;
  const waiting = `${formatValue(spool.size_bytes, 'bytes')} of ${formatValue(spool.limit_bytes, 'bytes')} wait in the spool`;
  const cause = spool.last_error === '' ? '' : ` Last error: ${spool.last_error}`;
  if (breaker === 'OPEN') {
    findings.push({ tone: 'bad', text: `The store does not take data (circuit breaker OPEN); ${waiting}, nothing acknowledged is lost.${cause}` });
  } else if (breaker === 'HALF_OPEN') {
    findings.push({ tone: 'warn', text: `The store is being tried again after a failure (circuit breaker HALF_OPEN); ${waiting}.${cause}` });
  } else if (spool.oldest_age_ms > BEHIND_WARN_MS) {
    findings.push({ tone: 'warn', text: `The store is ${sayDuration(spool.oldest_age_ms)} behind; ${waiting}.` });
  }
  if (share >= SPOOL_BAD) findings.push({ tone: 'bad', text: `The spool is ${Math.round(share * 100)} % full; when it is full, senders are told to retry.` });
  else if (share >= SPOOL_WARN) findings.push({ tone: 'warn', text: `The spool is ${Math.round(share * 100)} % full.` });
  return findings;
}

function targetFindings({ downTargets, targetCount }: Observed): Finding[] {
  if (downTargets === undefined || downTargets.length === 0) return [];
  const verb = downTargets.length === 1 ? 'is' : 'are';
  return [{ tone: 'bad', text: `${downTargets.length} of ${countOf(targetCount, 'scrape target')} ${verb} down: ${listOf(downTargets)}.` }];
}

export const percentOf = (used: number | null, total: number | null): number | null =>
  used === null || total === null || total <= 0 ? null : (used / total) * 100;

/** What is wrong with one host. */
export function hostFindings(host: Host, nowMs: number): Finding[] {
  const name = host.host_name;
  const silentMs = nowMs - Date.parse(host.last_seen);
  if (silentMs > FORGOTTEN_AFTER_MS) return [];
  if (silentMs > SILENT_AFTER_MS) return [{ tone: 'bad', text: `Host ${name} has not reported for ${sayDuration(silentMs)}.` }];
  const findings: Finding[] = [];
  const disk = percentOf(host.disk_used_bytes, host.disk_total_bytes);
  if (disk !== null && disk >= DISK.warn) {
    const left = formatValue(host.disk_total_bytes! - host.disk_used_bytes!, 'bytes');
    findings.push({ tone: disk >= DISK.bad ? 'bad' : 'warn', text: `${host.disk_mount ?? 'A disk'} on ${name} is ${Math.floor(disk)} % full, ${left} left.` });
  }
  const memory = percentOf(host.memory_used_bytes, host.memory_total_bytes);
  if (memory !== null && memory >= MEMORY.warn) {
    findings.push({ tone: memory >= MEMORY.bad ? 'bad' : 'warn', text: `Memory on ${name} is ${Math.floor(memory)} % used.` });
  }
  if (host.cpu_usage_percent !== null && host.cpu_usage_percent >= CPU.warn) {
    const busiest = host.processes[0];
    const cause = busiest === undefined ? '' : `; ${busiest.name} takes the most`;
    findings.push({ tone: 'warn', text: `The processors of ${name} are ${Math.floor(host.cpu_usage_percent)} % busy${cause}.` });
  }
  for (const [stall, what] of [
    [host.pressure_memory_percent, 'memory'],
    [host.pressure_io_percent, 'disk'],
  ] as const) {
    if (stall !== null && stall >= STALL_WARN) findings.push({ tone: 'warn', text: `Work on ${name} waits for ${what} ${Math.round(stall)} % of the time.` });
  }
  return findings;
}

function silenceFindings(sources: readonly Source[], nowMs: number): Finding[] {
  const silent = sources.filter((source) => {
    const ageMs = nowMs - Date.parse(source.last_received);
    return !isOwnCollector(source) && ageMs > SILENT_AFTER_MS && ageMs < FORGOTTEN_AFTER_MS;
  });
  const live = new Set(liveServices(sources, nowMs));
  return silent
    .filter((source) => !live.has(source.service))
    .map((source) => ({ tone: 'warn', text: `${source.service} has sent nothing for ${sayDuration(nowMs - Date.parse(source.last_received))}.` }));
}
