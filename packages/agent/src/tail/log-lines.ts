import type { OtlpAttributes, OtlpLogRecord } from '@pitot/core/otlp-writer';

const CRI = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([FP]) (.*)$/s;
const CONTINUATION = /^(?:\s|Caused by: |Traceback|\.{3} \d+ more)/;
const LEVEL = /\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|FATAL|PANIC)\b/i;
const LEVEL_WITHIN = 80;
/** OpenTelemetry's numbers for the words. */
const SEVERITY: Readonly<Record<string, number>> = { TRACE: 1, DEBUG: 5, INFO: 9, NOTICE: 10, WARN: 13, WARNING: 13, ERROR: 17, ERR: 17, CRITICAL: 21, FATAL: 21, PANIC: 21 };
const PODS = /\/pods\/([^/_]+)_([^/_]+)_([^/]+)\/([^/]+)\/[^/]+$/;

/** What the path of a log file says of who writes it. */
export function resourceOfFile(path: string): OtlpAttributes {
  const pod = PODS.exec(path);
  if (pod) {
    const [, namespace, name, uid, container] = pod;
    return { 'service.name': container!, 'k8s.namespace.name': namespace!, 'k8s.pod.name': name!, 'k8s.pod.uid': uid!, 'k8s.container.name': container! };
  }
  const file = path.split('/').at(-1) ?? path;
  return { 'service.name': file.replace(/\.(?:log|txt)$/, '') || file };
}

interface Line {
  readonly text: string;
  readonly timeUnixNano: bigint | undefined;
  readonly stream: string;
}

/**
 * Makes records of a file's complete lines: the formats of container runtimes (CRI, Docker's JSON) are taken off, pieces of one line and the
 * lines of a stack trace are put together. Lines without a time of their own get that of reading.
 */
export function recordsOfLines(lines: readonly string[], path: string, nowMs: number): OtlpLogRecord[] {
  const records: OtlpLogRecord[] = [];
  const nowNano = BigInt(nowMs) * 1_000_000n;
  let partial = '';
  let body: string[] = [];
  let first: Line | undefined;
  const flush = (): void => {
    if (first !== undefined) records.push(recordOf(body.join('\n'), first, path, nowNano));
    first = undefined;
    body = [];
  };
  for (const raw of lines) {
    const cri = CRI.exec(raw);
    if (cri?.[3] === 'P') {
      partial += cri[4]!;
      continue;
    }
    const line = cri ? { text: partial + cri[4]!, timeUnixNano: nanoseconds(cri[1]!), stream: cri[2]! } : (dockerLine(raw) ?? { text: raw, timeUnixNano: undefined, stream: '' });
    partial = '';
    if (line.text.trim() === '') continue;
    if (first === undefined || !CONTINUATION.test(line.text)) {
      flush();
      first = line;
    }
    body.push(line.text);
  }
  flush();
  return records;
}

function recordOf(body: string, { timeUnixNano, stream }: Line, path: string, nowNano: bigint): OtlpLogRecord {
  const level = LEVEL.exec(body.slice(0, LEVEL_WITHIN))?.[1];
  return {
    timeUnixNano: timeUnixNano ?? nowNano,
    observedTimeUnixNano: nowNano,
    body,
    ...(level !== undefined && { severityText: level, severityNumber: SEVERITY[level.toUpperCase()]! }),
    attributes: { 'log.file.path': path, ...(stream !== '' && { 'log.iostream': stream }) },
  };
}

function dockerLine(raw: string): Line | undefined {
  if (!raw.startsWith('{"log":')) return undefined;
  try {
    const { log, time, stream } = JSON.parse(raw) as { log?: unknown; time?: unknown; stream?: unknown };
    if (typeof log !== 'string') return undefined;
    return { text: log.replace(/\n$/, ''), timeUnixNano: typeof time === 'string' ? nanoseconds(time) : undefined, stream: typeof stream === 'string' ? stream : '' };
  } catch {
    return undefined;
  }
}

/** RFC 3339 with up to nine digits; undefined where it is not a time. */
function nanoseconds(text: string): bigint | undefined {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return undefined;
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? '';
  return BigInt(Math.floor(ms / 1000)) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'));
}
