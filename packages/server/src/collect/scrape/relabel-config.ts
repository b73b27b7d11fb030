import { RE2JS } from 're2js';
import { z } from 'zod';
import { unsupportedKeys } from './unsupported-keys.ts';

const RELABEL_ACTIONS = [
  'replace',
  'keep',
  'drop',
  'keepequal',
  'dropequal',
  'hashmod',
  'labelmap',
  'labeldrop',
  'labelkeep',
  'lowercase',
  'uppercase',
] as const;

type RelabelAction = (typeof RELABEL_ACTIONS)[number];

const DEFAULT_REGEX = '(.*)';
const DEFAULT_REPLACEMENT = '$1';
const DEFAULT_SEPARATOR = ';';
/** Label name that may hold references to capture groups. Source: Prometheus `relabel.relabelTargetLegacy`. */
const TARGET_LABEL = /^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$/;
const NEEDS_TARGET: readonly RelabelAction[] = ['replace', 'hashmod', 'lowercase', 'uppercase', 'keepequal', 'dropequal'];

/** YAML gives numbers and booleans where Prometheus reads strings: `replacement: 1`. */
const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const fields = z.strictObject({
  source_labels: z.array(z.string().min(1)).default([]),
  separator: text.default(DEFAULT_SEPARATOR),
  target_label: z.string().default(''),
  regex: text.default(DEFAULT_REGEX),
  modulus: z.number().int().nonnegative().default(0),
  replacement: text.default(DEFAULT_REPLACEMENT),
  action: z
    .string()
    .toLowerCase()
    .pipe(z.enum(RELABEL_ACTIONS))
    .default('replace'),
});

/** One relabelling step, with its regular expression compiled (RE2, matched against the whole value). */
export interface RelabelStep {
  readonly action: RelabelAction;
  readonly sourceLabels: readonly string[];
  readonly separator: string;
  readonly targetLabel: string;
  readonly regex: RE2JS;
  readonly modulus: number;
  readonly replacement: string;
  /** The default regex and replacement: the joined value is copied as it is. */
  readonly copies: boolean;
}

/** `relabel_configs` and `metric_relabel_configs`. Source of the rules: Prometheus `relabel.Config.Validate`. */
export const relabelConfig = z.preprocess(unsupportedKeys({}), fields).transform((config, context): RelabelStep => {
  const refuse = (path: string, message: string): never => {
    context.addIssue({ code: 'custom', path: [path], message });
    return z.NEVER;
  };
  const { action, target_label: targetLabel, modulus } = config;
  if (NEEDS_TARGET.includes(action) && targetLabel === '') return refuse('target_label', `action ${action} needs a target_label`);
  if (action === 'hashmod' && modulus === 0) return refuse('modulus', 'action hashmod needs a modulus greater than 0');
  if (action === 'replace' && !TARGET_LABEL.test(targetLabel)) {
    return refuse('target_label', `"${targetLabel}" is not a label name, or one with $1 or \${name} in it`);
  }
  if ((action === 'keepequal' || action === 'dropequal') && (config.regex !== DEFAULT_REGEX || config.replacement !== DEFAULT_REPLACEMENT)) {
    return refuse('action', `action ${action} takes source_labels and target_label only`);
  }
  try {
    return {
      action,
      sourceLabels: config.source_labels,
      separator: config.separator,
      targetLabel,
      regex: RE2JS.compile(`^(?s:${config.regex})$`),
      modulus,
      replacement: config.replacement,
      copies: config.regex === DEFAULT_REGEX && config.replacement === DEFAULT_REPLACEMENT,
    };
  } catch (error) {
    return refuse('regex', `"${config.regex}" is not an RE2 regular expression: ${error instanceof Error ? error.message : String(error)}`);
  }
});
