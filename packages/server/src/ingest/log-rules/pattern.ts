import { RE2JS } from 're2js';

/** Longest pattern, in characters: time to match grows with the pattern's length as with the text's, never faster. */
const LONGEST_PATTERN = 2_000;

/** Either the compiled pattern, or what is wrong with it and where. */
export type CompiledPattern = { readonly pattern: RE2JS; readonly problem?: undefined } | { readonly pattern?: undefined; readonly problem: string };

/**
 * Compiles a pattern in RE2's syntax, which has no backtracking: matching takes time proportional to the text, whatever the pattern. What
 * backtracking alone can do (backreferences, look-around) is refused, with its position.
 */
export function compilePattern(source: string): CompiledPattern {
  if (source.length > LONGEST_PATTERN) return { problem: `the pattern has ${source.length} characters, at most ${LONGEST_PATTERN} are taken` };
  try {
    return { pattern: RE2JS.compile(source) };
  } catch (error) {
    const { error: reason, input } = error as { error?: string; input?: string };
    const at = input === undefined || input === source ? -1 : source.indexOf(input);
    const where = at < 0 ? ` in "${source}"` : ` at character ${at + 1} ("${input}")`;
    return { problem: `${reason ?? 'it does not parse'}${where}; patterns are in RE2's syntax, without backreferences and look-around` };
  }
}
