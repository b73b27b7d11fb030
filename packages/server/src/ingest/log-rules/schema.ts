import { SEVERITIES } from '@pitot/core';
import { z } from 'zod';
import { compilePattern } from './pattern.ts';

const MOST_RULES = 200;
const MOST_CUSTOM = 50;

/** Compiled where the rule's name is known, so that a bad pattern is told with it. */
const regex = z.string().min(1);

const ranked = z.enum(SEVERITIES.filter((name) => name !== 'unset'));
const oneOrMore = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).transform((value) => (typeof value === 'string' ? [value] : value));

const matchSchema = z
  .strictObject({
    service: oneOrMore.optional().describe('Names of services, any of them; `*` stands for any characters.'),
    severity_at_least: ranked.optional().describe('This severity or a worse one; records without a severity do not match.'),
    severity_at_most: ranked.optional().describe('This severity or a milder one; records without a severity match.'),
    body_contains: oneOrMore.optional().describe('Texts, any of which the body holds; case counts.'),
    body_matches: regex.optional().describe('A pattern (RE2) that is found somewhere in the body.'),
    attributes: z
      .record(z.string().min(1), oneOrMore)
      .optional()
      .describe('Attribute (or `resource.<attribute>`) to its values, any of them; `*` stands for any characters, alone for any value. All must fit.'),
  })
  .describe('All conditions must hold; without conditions everything matches.');

const ruleSchema = z
  .strictObject({
    name: z.string().min(1).max(100).describe('Unique; effects are counted under it.'),
    match: matchSchema.prefault({}),
    parse: z
      .union([z.literal('json'), z.literal('logfmt'), z.strictObject({ regex })])
      .optional()
      .describe('Makes attributes of the body: of a JSON object, of key=value pairs, or of the named groups of a pattern.'),
    enrich: z
      .record(z.string().min(1).max(200), z.string().max(2_000))
      .optional()
      .describe('Attribute to its new value; `{name}` stands for the value of an attribute. Where one is missing, the attribute is not set.'),
    severity_from: z.string().min(1).optional().describe('Attribute that the severity is read from: a name such as `warn`, or a number as pino writes.'),
    service_from: z.string().min(1).optional().describe('Attribute that the name of the service is read from.'),
    drop: z.literal(true).optional().describe('Does not keep the record, whatever its severity.'),
    sample: z.number().gt(0).max(1).optional().describe('Share of records kept; errors are always kept, and a trace is kept or left as a whole.'),
  })
  .superRefine((rule, context) => {
    const say = (message: string): void => void context.addIssue({ code: 'custom', message: `rule "${rule.name}": ${message}` });
    if (rule.drop !== undefined && rule.sample !== undefined) say('give drop or sample, not both');
    const check = (path: string, source: string | undefined): void => {
      const { pattern, problem } = source === undefined ? {} : compilePattern(source);
      if (problem !== undefined) say(`${path}: ${problem}`);
      else if (path === 'parse.regex' && pattern !== undefined && Object.keys(pattern.namedGroups()).length === 0) {
        say(`${path}: the pattern has no named group such as (?<status>\\d+), so it would parse nothing`);
      }
    };
    check('match.body_matches', rule.match.body_matches);
    check('parse.regex', typeof rule.parse === 'object' ? rule.parse.regex : undefined);
    const { name: _name, match: _match, ...actions } = rule;
    if (Object.values(actions).every((action) => action === undefined)) {
      say('it does nothing; give one of parse, enrich, severity_from, service_from, drop, sample');
    }
  });

const redactSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether anything is redacted.'),
  email: z.boolean().default(true).describe('E-mail addresses.'),
  card: z.boolean().default(true).describe('Payment card numbers: 13 to 19 digits of a known brand that pass the Luhn check.'),
  token: z.boolean().default(true).describe('Bearer and basic credentials, JWT, OAuth access tokens.'),
  key: z.boolean().default(true).describe('Keys of AWS, Google, GitHub, GitLab, Slack, Stripe, npm, OpenAI and Anthropic; private key blocks.'),
  secret: z.boolean().default(true).describe('Values of password=, secret:, "api_key":"…" and the like; passwords in URLs.'),
  iban: z.boolean().default(true).describe('International bank account numbers that pass their check.'),
  ipv4: z.boolean().default(false).describe('IPv4 addresses.'),
  custom: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_-]{0,39}$/, 'expected a name of a-z, 0-9, _ and - that starts with a letter'),
        pattern: regex.describe('RE2; what it finds is replaced.'),
        replace_with: z.string().max(200).optional().describe('Default: `[redacted:<name>]`.'),
      }).superRefine(({ name, pattern }, context) => {
        const { problem } = compilePattern(pattern);
        if (problem !== undefined) context.addIssue({ code: 'custom', path: ['pattern'], message: `redaction "${name}": ${problem}` });
      }),
    )
    .max(MOST_CUSTOM)
    .default([])
    .describe('Patterns of your own, applied after the built-in ones.'),
  attributes: z.array(z.string().min(1)).max(200).default([]).describe('Attributes whose value is replaced whole; case counts.'),
});

const patternsSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether bodies are grouped into templates.'),
  similarity: z
    .number()
    .min(0.3)
    .max(1)
    .default(0.75)
    .describe('Share of a line that must be like a template for the line to join it. Less makes fewer, more general templates.'),
  max_patterns: z.number().int().min(100).max(200_000).default(10_000).describe('Templates kept in memory; those longest unused make room.'),
  max_patterns_per_service: z.number().int().min(10).max(50_000).default(1_000).describe('Of these, templates of one service.'),
});

/** The configuration key `logs`: what happens to a log record before it is written. In force for every door. */
export const logRulesSchema = z.strictObject({
  parse_json: z.boolean().default(true).describe('Whether a body that is a JSON object is taken apart without a rule.'),
  rules: z
    .array(ruleSchema)
    .max(MOST_RULES)
    .default([])
    .superRefine((rules, context) => {
      const seen = new Set<string>();
      for (const [i, { name }] of rules.entries()) {
        if (seen.has(name)) context.addIssue({ code: 'custom', path: [i, 'name'], message: `another rule is named "${name}" already` });
        seen.add(name);
      }
    })
    .describe('Applied in order, each to what those before it made.'),
  redact: redactSchema.prefault({}).describe('What is replaced in bodies and attribute values before anything is written.'),
  patterns: patternsSchema.prefault({}).describe('How bodies are grouped into templates; one setting for every source.'),
});

export type LogRules = z.infer<typeof logRulesSchema>;
export type LogRule = LogRules['rules'][number];
export type RedactSettings = LogRules['redact'];
export type PatternSettings = LogRules['patterns'];
