import { SEVERITIES } from '@pitot/core';
import type { MutableLogRecord } from '../logs/log-processor.ts';
import { compilePattern } from './pattern.ts';
import type { LogRule } from './schema.ts';

export type RecordMatch = (record: MutableLogRecord) => boolean;

const RESOURCE = 'resource.';

/** Makes one question of a rule's conditions, the cheap ones first. */
export function compileMatch(match: LogRule['match']): RecordMatch {
  const tests: RecordMatch[] = [];
  const { service, severity_at_least: least, severity_at_most: most, attributes, body_contains: texts, body_matches: source } = match;
  if (service !== undefined) {
    const fits = compileWildcards(service);
    tests.push((record) => fits(record.service));
  }
  if (least !== undefined) tests.push((record) => record.severityNumber >= firstNumber(least));
  if (most !== undefined) tests.push((record) => record.severityNumber < firstNumber(most) + 4);
  for (const [name, values] of Object.entries(attributes ?? {})) {
    const fits = compileWildcards(values);
    tests.push((record) => {
      const value = readAttribute(record, name);
      return value !== undefined && fits(value);
    });
  }
  if (texts !== undefined) tests.push(({ body }) => texts.some((text) => body.includes(text)));
  const pattern = source === undefined ? undefined : compilePattern(source).pattern;
  if (pattern !== undefined) tests.push(({ body }) => pattern.test(body));
  return (record) => tests.every((test) => test(record));
}

/** An attribute of the record, or of its resource after `resource.`. */
export function readAttribute(record: MutableLogRecord, name: string): string | undefined {
  return record.attribute(name) ?? (name.startsWith(RESOURCE) ? record.resourceAttribute(name.slice(RESOURCE.length)) : undefined);
}

function firstNumber(severity: (typeof SEVERITIES)[number]): number {
  return 1 + 4 * SEVERITIES.indexOf(severity);
}

/** Whether a text is any of these, where `*` stands for any characters. */
function compileWildcards(wanted: readonly string[]): (text: string) => boolean {
  const exact = new Set(wanted.filter((one) => !one.includes('*')));
  const globs = wanted.filter((one) => one.includes('*')).map((one) => one.split('*'));
  return (text) => exact.has(text) || globs.some((parts) => fitsParts(text, parts));
}

/** Takes the first place for each part; linear in practice, and never worse than parts × text. */
function fitsParts(text: string, parts: readonly string[]): boolean {
  const first = parts[0]!;
  const last = parts.at(-1)!;
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of parts.slice(1, -1)) {
    const next = text.indexOf(part, at);
    if (next < 0 || next + part.length > end) return false;
    at = next + part.length;
  }
  return true;
}
