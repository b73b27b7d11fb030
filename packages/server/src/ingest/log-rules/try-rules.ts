import { AppError, severityOf, type TryRulesAnswer, type TryRulesRequest } from '@pitot/core';
import type { z } from 'zod';
import { severityOfText } from '../logs/severity.ts';
import { PlainRecord } from './plain-record.ts';
import { RuleEngine } from './rule-processor.ts';
import { logRulesSchema, type LogRules } from './schema.ts';

/** The template that a body of a service would join, without joining it; undefined for none. */
export type PreviewTemplate = (service: string, body: string) => string | undefined;

/**
 * What rules would make of a record: those given, or `inForce`. Nothing is written, counted or learnt. Throws `bad_request` for rules that do not
 * parse, with the place.
 */
export function tryRules(request: TryRulesRequest, inForce: LogRules, nowMs: number, preview: PreviewTemplate): TryRulesAnswer {
  const settings = request.rules === undefined ? inForce : parseRules(request.rules);
  const record = new PlainRecord({
    body: request.body,
    service: request.service,
    severityText: request.severity_text,
    severityNumber: severityOfText(request.severity_text),
    attributes: request.attributes,
    timestampMs: nowMs,
  });
  const redactions: Record<string, number> = {};
  const engine = new RuleEngine(settings, () => undefined);
  const { isKept, decidedBy } = engine.apply(record, redactions);
  // What is dropped is shown redacted as well: the answer goes over the network like any other.
  if (!isKept) engine.redact(record, redactions);
  return {
    kept: isKept,
    decided_by: decidedBy ?? null,
    body: record.body,
    severity: severityOf(record.severityNumber),
    attributes: { ...record.values },
    redactions,
    pattern: isKept && settings.patterns.enabled ? (preview(record.service, record.body) ?? null) : null,
  };
}

function parseRules(rules: unknown): LogRules {
  const parsed = logRulesSchema.safeParse(rules);
  if (parsed.success) return parsed.data;
  throw new AppError('bad_request', `the rules cannot be used: ${parsed.error.issues.map(describeIssue).join('; ')}`, { fields: { field: 'rules' } });
}

function describeIssue({ path, message }: z.core.$ZodIssue): string {
  return `logs${path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('')}: ${message}`;
}
