import { createHash } from 'node:crypto';
import type { RE2JS } from 're2js';
import type { RelabelStep } from './relabel-config.ts';

const LABEL_NAME = /^[a-zA-Z_]\w*$/;

/**
 * Applies the steps in order to the labels, in place. Answers false where the target or series is dropped.
 * An empty value is an absent label. Source: Prometheus `model/relabel`.
 */
export function relabel(labels: Map<string, string>, steps: readonly RelabelStep[]): boolean {
  for (const step of steps) if (!apply(labels, step)) return false;
  return true;
}

function apply(labels: Map<string, string>, step: RelabelStep): boolean {
  switch (step.action) {
    case 'keep':
      return step.regex.testExact(joined(labels, step));
    case 'drop':
      return !step.regex.testExact(joined(labels, step));
    case 'keepequal':
      return joined(labels, step) === (labels.get(step.targetLabel) ?? '');
    case 'dropequal':
      return joined(labels, step) !== (labels.get(step.targetLabel) ?? '');
    case 'replace':
      replace(labels, step);
      return true;
    case 'lowercase':
      set(labels, step.targetLabel, joined(labels, step).toLowerCase());
      return true;
    case 'uppercase':
      set(labels, step.targetLabel, joined(labels, step).toUpperCase());
      return true;
    case 'hashmod':
      set(labels, step.targetLabel, hashMod(joined(labels, step), step.modulus));
      return true;
    case 'labelmap':
      for (const [name, value] of new Map(labels)) {
        const mapped = expandMatch(step.regex, name, step.replacement);
        if (mapped !== undefined) set(labels, mapped, value);
      }
      return true;
    case 'labeldrop':
      for (const name of labels.keys()) if (step.regex.testExact(name)) labels.delete(name);
      return true;
    case 'labelkeep':
      for (const name of labels.keys()) if (!step.regex.testExact(name)) labels.delete(name);
      return true;
  }
}

function replace(labels: Map<string, string>, step: RelabelStep): void {
  const value = joined(labels, step);
  const named = step.targetLabel.includes('$');
  if (step.copies && !named) {
    set(labels, step.targetLabel, value);
    return;
  }
  const result = expandMatch(step.regex, value, step.replacement);
  if (result === undefined) return;
  const target = named ? expandMatch(step.regex, value, step.targetLabel)! : step.targetLabel;
  if (LABEL_NAME.test(target)) set(labels, target, result);
}

function set(labels: Map<string, string>, name: string, value: string): void {
  if (value === '') labels.delete(name);
  else labels.set(name, value);
}

function joined(labels: Map<string, string>, { sourceLabels, separator }: RelabelStep): string {
  if (sourceLabels.length === 1) return labels.get(sourceLabels[0]!) ?? '';
  return sourceLabels.map((name) => labels.get(name) ?? '').join(separator);
}

/** The last 8 bytes of the MD5 sum as a big-endian number, modulo `modulus`. */
function hashMod(value: string, modulus: number): string {
  const sum = createHash('md5').update(value).digest();
  return String(sum.readBigUInt64BE(8) % BigInt(modulus));
}

/**
 * The template with `$1`, `$name`, `${name}` and `$$` filled in from the match of the whole value, or undefined where it does not match.
 * A name is as long as possible (`$1x` is the group "1x"); unknown groups are empty. Source: Go's `regexp.Expand`.
 */
function expandMatch(regex: RE2JS, value: string, template: string): string | undefined {
  const matcher = regex.matcher(value);
  if (!matcher.matches()) return undefined;
  return template.replaceAll(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
    if (whole === '$$') return '$';
    const name = braced ?? bare ?? '';
    if (!/^\d+$/.test(name)) return name in matcher.namedGroups ? (matcher.group(name) ?? '') : '';
    const index = Number(name);
    return index <= matcher.patternGroupCount ? (matcher.group(index) ?? '') : '';
  });
}
