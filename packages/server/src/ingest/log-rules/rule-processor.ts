import type { Meter } from '@pitot/core';
import type { RE2JS } from 're2js';
import type { DroppedByRule, LogProcessor, MutableLogRecord } from '../logs/log-processor.ts';
import { ERROR_SEVERITY } from '../logs/severity.ts';
import { compilePattern } from './pattern.ts';
import { compileMatch, readAttribute, type RecordMatch } from './record-match.ts';
import { parseJson, parseLogfmt, parsePattern, setSeverity } from './record-parse.ts';
import { mayHoldSensitive } from './redact-prescan.ts';
import { createRedactor, type RedactionCounts, type Redactor } from './redaction.ts';
import { isKept } from './sampling.ts';
import type { LogRule, LogRules } from './schema.ts';

/** On a record that a sampling rule kept: the rule's share. A count is scaled up by the sum of 1/share. */
export const SAMPLE_RATE_ATTRIBUTE = 'pitot.sample_rate';

/** What the rules made of one record; the record itself was changed in place. */
export interface RuleOutcome {
  readonly isKept: boolean;
  /** The rule that dropped or sampled it. */
  readonly decidedBy: string | undefined;
}

/** What happened to a record, for counting. */
type Effect = 'dropped' | 'sampled_out' | 'sampled' | 'parsed' | 'unparsed';

interface CompiledRule {
  readonly rule: LogRule;
  readonly matches: RecordMatch;
  readonly parse: ((record: MutableLogRecord) => boolean) | undefined;
}

/** The rules of the configuration key `logs`, made ready: see docs/log-rules.md. */
export class RuleEngine {
  readonly #rules: readonly CompiledRule[];
  readonly #redactor: Redactor;
  readonly #parsesJson: boolean;
  readonly #count: (rule: string, effect: Effect) => void;

  constructor(settings: LogRules, count: (rule: string, effect: Effect) => void) {
    this.#rules = settings.rules.map((rule) => ({ rule, matches: compileMatch(rule.match), parse: compileParse(rule.parse) }));
    this.#redactor = createRedactor(settings.redact);
    this.#parsesJson = settings.parse_json;
    this.#count = count;
  }

  get isIdle(): boolean {
    return this.#rules.length === 0 && !this.#parsesJson && !this.#redactor.isActive;
  }

  /** Parses, applies the rules in their order and, where the record is kept, redacts it. */
  apply(record: MutableLogRecord, counts?: RedactionCounts): RuleOutcome {
    let isChanged = this.#parsesJson && parseJson(record);
    let decidedBy: string | undefined;
    for (const { rule, matches, parse } of this.#rules) {
      if (!matches(record)) continue;
      if (parse !== undefined) {
        const isParsed = parse(record);
        isChanged ||= isParsed;
        this.#count(rule.name, isParsed ? 'parsed' : 'unparsed');
      }
      if (rule.enrich !== undefined) isChanged = enrich(record, rule.enrich) || isChanged;
      readFrom(record, rule);
      // The first rule that drops or samples has decided; later ones of that sort are passed over.
      if (decidedBy !== undefined || (rule.drop === undefined && rule.sample === undefined)) continue;
      decidedBy = rule.name;
      if (rule.drop === true) {
        this.#count(rule.name, 'dropped');
        return { isKept: false, decidedBy };
      }
      if (record.severityNumber >= ERROR_SEVERITY || rule.sample === undefined) continue;
      if (!isKept(rule.sample, record.traceId, record.timestampMs, record.body)) {
        this.#count(rule.name, 'sampled_out');
        return { isKept: false, decidedBy };
      }
      if (rule.sample < 1) {
        record.setAttribute(SAMPLE_RATE_ATTRIBUTE, rule.sample);
        this.#count(rule.name, 'sampled');
      }
    }
    if (this.#redactor.isActive) this.redact(record, counts, isChanged);
    return { isKept: true, decidedBy };
  }

  /** Replaces what must not be written. `isChanged`: attributes were set, so that the bytes as they came say too little. */
  redact(record: MutableLogRecord, counts?: RedactionCounts, isChanged = true): void {
    const redactor = this.#redactor;
    const { body } = record;
    const clean = redactor.text(body, counts);
    if (clean !== body) record.body = clean;
    if (isChanged || redactor.needsEveryValue || mayHoldSensitive(record.attributeBytes())) {
      const attributes = record.attributes();
      for (let i = 0; i < attributes.length; i += 2) {
        const name = attributes[i]!;
        const value = attributes[i + 1]!;
        const cleanValue = redactor.value(name, value, counts);
        if (cleanValue !== value) record.setAttribute(name, cleanValue);
      }
      return;
    }
    for (const name of redactor.attributes) {
      const value = record.attribute(name);
      if (value !== undefined) record.setAttribute(name, redactor.value(name, value, counts));
    }
  }
}

/**
 * What stands between the decoder of log records and the store. `settings` come from `logRulesSchema`, which has checked every pattern.
 * Counts per rule are `pitot_log_rule_records_total{rule, effect}`, replacements `pitot_log_redactions_total{kind}`.
 */
export function createLogProcessor(settings: LogRules, meter: Meter): LogProcessor {
  const effects = meter.counter('pitot_log_rule_records_total', 'Log records that a rule dropped, sampled, sampled out, parsed or could not parse.', ['rule', 'effect']);
  const redactions = meter.counter('pitot_log_redactions_total', 'Texts replaced in log records before they were written.', ['kind']);
  const engine = new RuleEngine(settings, (rule, effect) => effects.inc(1, { rule, effect }));
  const dropped = new Map<string, DroppedByRule>(settings.rules.map(({ name }) => [name, { rule: name }]));
  let counts: RedactionCounts = {};
  return {
    touches: () => !engine.isIdle,
    process: (record) => {
      const outcome = engine.apply(record, counts);
      const replaced = Object.entries(counts);
      if (replaced.length > 0) {
        for (const [kind, by] of replaced) redactions.inc(by, { kind });
        counts = {};
      }
      return outcome.isKept ? 'keep' : dropped.get(outcome.decidedBy!)!;
    },
  };
}

function compileParse(parse: LogRule['parse']): CompiledRule['parse'] {
  if (parse === undefined) return undefined;
  if (parse === 'json') return parseJson;
  if (parse === 'logfmt') return parseLogfmt;
  const pattern: RE2JS | undefined = compilePattern(parse.regex).pattern;
  return pattern && ((record) => parsePattern(record, pattern));
}

const PLACEHOLDER = /\{([^{}]+)\}/g;

/** Answers whether any attribute was set. */
function enrich(record: MutableLogRecord, wanted: Readonly<Record<string, string>>): boolean {
  let isSet = false;
  for (const [name, template] of Object.entries(wanted)) {
    let isMissing = false;
    const value = template.replaceAll(PLACEHOLDER, (_whole, attribute: string) => {
      const found = readAttribute(record, attribute);
      isMissing ||= found === undefined;
      return found ?? '';
    });
    if (isMissing) continue;
    record.setAttribute(name, value);
    isSet = true;
  }
  return isSet;
}

function readFrom(record: MutableLogRecord, rule: LogRule): void {
  const level = rule.severity_from === undefined ? undefined : readAttribute(record, rule.severity_from);
  if (level !== undefined) setSeverity(record, level);
  const service = rule.service_from === undefined ? undefined : readAttribute(record, rule.service_from);
  if (service !== undefined && service !== '') record.service = service;
}
