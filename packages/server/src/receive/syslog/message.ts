import { localTimeOf, rfc3339NanosOf } from './timestamps.ts';

/** A message of either RFC. What the sender left out, or wrote as `-`, is absent. */
export interface SyslogMessage {
  /** 0–23. */
  readonly facility: number;
  /** 0 (emergency) – 7 (debug). */
  readonly severity: number;
  readonly timeUnixNano?: bigint;
  readonly host?: string;
  /** APP-NAME, or the TAG of RFC 3164. */
  readonly app?: string;
  readonly procId?: string;
  readonly msgId?: string;
  /** Structured data as `<SD-ID>.<PARAM-NAME>`; of parameters that repeat, the last. */
  readonly structured: ReadonlyMap<string, string>;
  readonly body: string;
}

const PRIORITY = /^<(\d{1,3})>/;
const MAX_PRIORITY = 191;
/** What RFC 3164 has a relay put before a message without a priority: user, notice. */
const DEFAULT_PRIORITY = 13;
/** VERSION, TIMESTAMP, HOSTNAME, APP-NAME, PROCID, MSGID. Source: RFC 5424, section 6. */
const HEADER_5424 = /^1 (\S{1,64}) (\S{1,255}) (\S{1,255}) (\S{1,128}) (\S{1,128})(?: |$)/;
/** Some senders write the year, a fraction or RFC 3339; Cisco puts a mark before it. Source: RFC 3164, section 4.1.2. */
const TIME_3164 = /^[*.]?(?:([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:(\d{4}) )?(\d{2}):(\d{2}):(\d{2})(?:[.,](\d{1,9}))?|(\d{4}-\d{2}-\d{2}T\S{9,30}))(?:: | )/;
const TAG_3164 = /^([^\s:[\]]{1,128})(?:\[([^\]\s]{1,128})\])?: ?/;
const HOST_3164 = /^([^\s:[\]]{1,255}|[0-9a-fA-F:.]{2,45}) /;
/** An IPv6 address looks like a tag at first. */
const ADDRESS = /^[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]{1,40} /;
const BYTE_ORDER_MARK = '\ufeff';
const NOTHING: ReadonlyMap<string, string> = new Map();

/**
 * Reads a message of RFC 5424, RFC 3164 or of the many shapes between; never fails. What cannot be told apart is left in the body, so
 * that nothing is lost. Bytes that are not UTF-8 become U+FFFD.
 */
export function parseSyslog(bytes: Buffer, nowMs: number): SyslogMessage {
  const text = bytes.toString('utf8');
  const said = PRIORITY.exec(text);
  const isPriority = said !== null && Number(said[1]) <= MAX_PRIORITY;
  const priority = isPriority ? Number(said[1]) : DEFAULT_PRIORITY;
  const rest = isPriority ? text.slice(said[0].length) : text;
  const code = { facility: priority >> 3, severity: priority & 7 };
  return { ...code, ...(parse5424(rest) ?? parse3164(rest, nowMs)) };
}

type Content = Omit<SyslogMessage, 'facility' | 'severity'>;

function parse5424(text: string): Content | undefined {
  const header = HEADER_5424.exec(text);
  if (header === null) return undefined;
  const [all, time, host, app, procId, msgId] = header;
  const timeUnixNano = rfc3339NanosOf(time!);
  if (timeUnixNano === undefined && time !== '-') return undefined;
  const { structured, end } = readStructuredData(text, all.length);
  const body = text.slice(text[end] === ' ' ? end + 1 : end);
  return {
    ...(timeUnixNano !== undefined && { timeUnixNano }),
    ...given('host', host),
    ...given('app', app),
    ...given('procId', procId),
    ...given('msgId', msgId),
    structured,
    body: body.startsWith(BYTE_ORDER_MARK) ? body.slice(1) : body,
  };
}

function given<K extends string>(name: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '-' ? {} : ({ [name]: value } as Record<K, string>);
}

const ELEMENT = /\[([^\s=\]"]{1,64})/y;
const PARAMETER = / +([^\s=\]"]{1,64})="((?:[^"\\\]]|\\.)*)"/sy;

/** Reads STRUCTURED-DATA from `start`; where it is malformed, it ends there and the rest belongs to the message. */
function readStructuredData(text: string, start: number): { structured: ReadonlyMap<string, string>; end: number } {
  if (text[start] === '-') return { structured: NOTHING, end: start + 1 };
  const structured = new Map<string, string>();
  let end = start;
  for (;;) {
    ELEMENT.lastIndex = end;
    const element = ELEMENT.exec(text);
    if (element === null) return { structured, end };
    let at = ELEMENT.lastIndex;
    const found: [string, string][] = [];
    for (;;) {
      PARAMETER.lastIndex = at;
      const parameter = PARAMETER.exec(text);
      if (parameter === null) break;
      found.push([`${element[1]}.${parameter[1]}`, parameter[2]!.replaceAll(/\\(["\\\]])/g, '$1')]);
      at = PARAMETER.lastIndex;
    }
    if (text[at] !== ']') return { structured, end };
    for (const [name, value] of found) structured.set(name, value);
    end = at + 1;
  }
}

function parse3164(text: string, nowMs: number): Content {
  const time = TIME_3164.exec(text);
  const timeUnixNano = time === null ? undefined : timeOf(time, nowMs);
  // Without a time there is no host either: `logger` and the C library leave out both.
  let rest = timeUnixNano === undefined ? text : text.slice(time![0].length);
  let host: string | undefined;
  if (timeUnixNano !== undefined && (ADDRESS.test(rest) || !TAG_3164.test(rest))) {
    host = HOST_3164.exec(rest)?.[1];
    if (host !== undefined) rest = rest.slice(host.length + 1);
  }
  const tag = TAG_3164.exec(rest);
  if (tag !== null) rest = rest.slice(tag[0].length);
  return {
    ...(timeUnixNano !== undefined && { timeUnixNano }),
    ...given('host', host),
    ...given('app', tag?.[1]),
    ...given('procId', tag?.[2]),
    structured: NOTHING,
    body: rest.startsWith(BYTE_ORDER_MARK) ? rest.slice(1) : rest,
  };
}

function timeOf([, month, day, year, hours, minutes, seconds, fraction, rfc3339]: RegExpExecArray, nowMs: number): bigint | undefined {
  if (rfc3339 !== undefined) return rfc3339NanosOf(rfc3339);
  return localTimeOf({ month: month!, day: Number(day), year: year === undefined ? undefined : Number(year), hours: Number(hours), minutes: Number(minutes), seconds: Number(seconds), fraction: fraction ?? '' }, nowMs);
}
