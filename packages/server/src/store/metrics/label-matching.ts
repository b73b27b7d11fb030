import { AppError, labelValue, METRIC_NAME, type LabelMatcher, type Labels } from '@pitot/core';
import { RE2JS } from 're2js';

/** Whether a label's value ('' where the label is absent) satisfies one matcher. */
type ValueTest = (value: string) => boolean;

/** A selector made ready to be tried on many series. */
export interface CompiledSelector {
  /** The metric name, where the selector gives exactly one. */
  readonly metricName: string | undefined;
  /** The metric names, where a regular expression is nothing but alternatives. */
  readonly metricNames: readonly string[] | undefined;
  matchesName(name: string): boolean;
  /** `label="value"` with a value: what an index is looked up with. */
  readonly equal: readonly { readonly name: string; readonly value: string }[];
  /** All matchers but those on the metric name. */
  matchesLabels(labels: Labels): boolean;
  /** No matcher but on the metric name. */
  readonly onlyName: boolean;
}

const CACHED_VALUES = 100_000;

export function compileSelector(matchers: readonly LabelMatcher[]): CompiledSelector {
  const onName = matchers.filter(({ name }) => name === METRIC_NAME);
  const others = matchers.filter(({ name }) => name !== METRIC_NAME);
  const nameTests = onName.map(compileMatcher);
  const tests = others.map((matcher) => ({ name: matcher.name, test: compileMatcher(matcher) }));
  return {
    metricName: onName.find(({ type, value }) => type === '=' && value !== '')?.value,
    metricNames: onName.flatMap(({ type, value }) => (type === '=~' ? [alternatives(value)] : [])).find((names) => names !== undefined),
    matchesName: (name) => nameTests.every((test) => test(name)),
    equal: others.filter(({ type, value }) => type === '=' && value !== ''),
    matchesLabels: (labels) => tests.every(({ name, test }) => test(labelValue(labels, name))),
    onlyName: others.length === 0,
  };
}

function compileMatcher({ type, value }: LabelMatcher): ValueTest {
  if (type === '=') return (text) => text === value;
  if (type === '!=') return (text) => text !== value;
  const matches = compileRegex(value);
  return type === '=~' ? matches : (text) => !matches(text);
}

/** Anchored on both ends, `.` matches any character, as in Prometheus. Most patterns in the wild are no real patterns. */
function compileRegex(pattern: string): ValueTest {
  if (pattern === '.*') return () => true;
  if (pattern === '.+') return (text) => text !== '';
  const literals = alternatives(pattern);
  if (literals !== undefined) {
    const set = new Set(literals);
    return (text) => set.has(text);
  }
  const prefix = /^([\w:/ -]*)\.([*+])$/.exec(pattern);
  if (prefix) {
    const [, start = '', repeat] = prefix;
    const shortest = start.length + (repeat === '+' ? 1 : 0);
    return (text) => text.length >= shortest && text.startsWith(start);
  }
  return cached(compileRe2(pattern));
}

function compileRe2(pattern: string): ValueTest {
  try {
    const compiled = RE2JS.compile(pattern, RE2JS.DOTALL);
    return (text) => compiled.testExact(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('bad_query', `the regular expression ${JSON.stringify(pattern)} is not valid RE2: ${reason}`, { cause });
  }
}

/** `a|b|c` or `(a|b|c)` as its parts; undefined where anything but literals is in it. */
function alternatives(pattern: string): string[] | undefined {
  const inner = /^\((?:\?:)?([^()]*)\)$/.exec(pattern)?.[1] ?? pattern;
  return /^[\w:/ |-]*$/.test(inner) ? inner.split('|') : undefined;
}

function cached(test: ValueTest): ValueTest {
  const known = new Map<string, boolean>();
  return (text) => {
    let result = known.get(text);
    if (result === undefined) {
      if (known.size >= CACHED_VALUES) known.clear();
      known.set(text, (result = test(text)));
    }
    return result;
  };
}
