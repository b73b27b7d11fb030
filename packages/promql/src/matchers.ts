import { labelValue, type LabelMatcher, type Labels } from '@pitot/core';
import { RE2JS } from 're2js';

type Test = (value: string) => boolean;

/** Patterns come from queries, so the cache is bounded; the oldest go first. */
const CACHE_SIZE = 2000;
const cache = new Map<string, Test>();

/**
 * Compiles a fully anchored RE2 pattern in which the dot matches newlines, as Prometheus' matchers do. Linear time on any
 * input. Throws RE2's syntax error on a pattern that is not valid.
 */
export function compileRegex(pattern: string): Test {
  const known = cache.get(pattern);
  if (known) return known;
  const test = simpleTest(pattern) ?? re2Test(pattern);
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
  cache.set(pattern, test);
  return test;
}

/** A test of one label's value; '' stands for a label that is not there. */
export function compileMatcher(matcher: LabelMatcher): Test {
  const { type, value } = matcher;
  if (type === '=') return (text) => text === value;
  if (type === '!=') return (text) => text !== value;
  const test = compileRegex(value);
  return type === '=~' ? test : (text) => !test(text);
}

/** A test of a whole label set against all matchers of a selector. */
export function compileMatchers(matchers: readonly LabelMatcher[]): (labels: Labels) => boolean {
  const tests = matchers.map((matcher) => ({ name: matcher.name, test: compileMatcher(matcher) }));
  return (labels) => {
    for (const { name, test } of tests) if (!test(labelValue(labels, name))) return false;
    return true;
  };
}

function re2Test(pattern: string): Test {
  const compiled = RE2JS.compile(pattern, RE2JS.DOTALL);
  return (value) => compiled.testExact(value);
}

/** Most patterns people write need no engine: literals, alternations of them, and a leading or trailing `.*` or `.+`. */
function simpleTest(pattern: string): Test | undefined {
  if (pattern === '.*') return () => true;
  if (pattern === '.+') return (value) => value !== '';
  const alternation = literalAlternation(pattern);
  if (alternation?.length === 1) {
    const [only] = alternation;
    return (value) => value === only;
  }
  if (alternation) {
    const set = new Set(alternation);
    return (value) => set.has(value);
  }
  return openEnded(pattern);
}

function literalAlternation(pattern: string): string[] | undefined {
  const inner = /^\((?:\?:)?([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  const parts = inner.split('|').map(literal);
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

function openEnded(pattern: string): Test | undefined {
  const parts = /^(\.[*+])?(.*?)(\.[*+])?$/s.exec(pattern);
  const middle = literal(parts?.[2] ?? '');
  if (!parts || middle === undefined || middle === '') return undefined;
  const before = parts[1] === undefined ? -1 : parts[1] === '.+' ? 1 : 0;
  const after = parts[3] === undefined ? -1 : parts[3] === '.+' ? 1 : 0;
  const size = middle.length + Math.max(before, 0) + Math.max(after, 0);
  if (before < 0) return (value) => value.length >= size && value.startsWith(middle);
  if (after < 0) return (value) => value.length >= size && value.endsWith(middle);
  return (value) => {
    const at = value.indexOf(middle, before);
    return at >= 0 && value.length - at - middle.length >= after;
  };
}

/** The text a pattern without any operator stands for; undefined where it has one. */
function literal(pattern: string): string | undefined {
  let text = '';
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern[i]!;
    if (c === '\\') {
      const next = pattern[++i];
      if (next === undefined || !/[^\sa-zA-Z0-9]/.test(next) || next > '\u{7f}') return undefined;
      text += next;
    } else if ('.+*?()|[]{}^$'.includes(c)) return undefined;
    else text += c;
  }
  return text;
}
