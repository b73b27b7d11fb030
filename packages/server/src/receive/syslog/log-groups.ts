import type { OtlpAttributes, OtlpGroup, OtlpLogRecord, OtlpValue } from '@pitot/core/otlp-writer';
import type { SyslogMessage } from './message.ts';

const NANOS_PER_MILLISECOND = 1_000_000n;

/** Names and OpenTelemetry's numbers of the severities 0–7. Source: opentelemetry-specification, logs data model, appendix B. */
const SEVERITIES = [
  ['emergency', 21],
  ['alert', 19],
  ['critical', 18],
  ['error', 17],
  ['warning', 13],
  ['notice', 10],
  ['informational', 9],
  ['debug', 5],
] as const;

/** A message as it came in. */
export interface Received {
  readonly message: SyslogMessage;
  readonly receivedMs: number;
  /** The sender's IP address. */
  readonly peer: string;
  readonly isCut: boolean;
  readonly sizeBytes: number;
}

/** Messages as OTLP's log records, by service and host. A sender that does not say its host is known by its address. */
export function logGroupsOf(batch: readonly Received[]): readonly OtlpGroup<OtlpLogRecord>[] {
  const groups = new Map<string, { resource: { attributes: OtlpAttributes }; records: OtlpLogRecord[] }>();
  for (const received of batch) {
    const { app, host = received.peer } = received.message;
    const key = `${host} ${app ?? ''}`;
    let group = groups.get(key);
    if (group === undefined) {
      group = { resource: { attributes: { ...(app !== undefined && { 'service.name': app }), 'host.name': host } }, records: [] };
      groups.set(key, group);
    }
    group.records.push(recordOf(received));
  }
  return [...groups.values()];
}

function recordOf({ message, receivedMs, peer, isCut }: Received): OtlpLogRecord {
  const { facility, severity, timeUnixNano, procId, msgId, structured, body } = message;
  const observedTimeUnixNano = BigInt(receivedMs) * NANOS_PER_MILLISECOND;
  const attributes: Record<string, OtlpValue> = Object.create(null) as Record<string, OtlpValue>;
  attributes['syslog.facility.code'] = facility;
  attributes['syslog.severity.code'] = severity;
  if (msgId !== undefined) attributes['syslog.msg.id'] = msgId;
  if (procId !== undefined) attributes['syslog.procid'] = procId;
  if (procId !== undefined && /^\d{1,9}$/.test(procId)) attributes['process.pid'] = Number(procId);
  attributes['network.peer.address'] = peer;
  if (isCut) attributes['syslog.truncated'] = true;
  for (const [name, value] of structured) attributes[`syslog.structured_data.${name}`] = value;
  const [severityText, severityNumber] = SEVERITIES[severity]!;
  return { timeUnixNano: timeUnixNano ?? observedTimeUnixNano, observedTimeUnixNano, severityNumber, severityText, body, attributes };
}
