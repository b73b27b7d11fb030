import type { QueryOptions, QueryParameter, QueryParameters } from './clickhouse.ts';

const SPECIAL = /[\\'\t\n\r\0\b\f]/g;
const ESCAPED: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\t': '\\t',
  '\n': '\\n',
  '\r': '\\r',
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
};

/** A string literal of ClickHouse's SQL. */
export function quoted(text: string): string {
  return `'${escaped(text)}'`;
}

function escaped(text: string): string {
  return text.replace(SPECIAL, (character) => ESCAPED[character]!);
}

/** The text form in which ClickHouse reads the value of a `{name:Type}` placeholder: tab-separated escaping, arrays as literals. */
function parameterText(value: QueryParameter): string {
  if (typeof value === 'object') return `[${value.map((item) => (typeof item === 'string' ? quoted(item) : String(item))).join(',')}]`;
  return typeof value === 'string' ? escaped(value) : String(value);
}

/** `SET param_a = '…', …; ` before a statement; the engine substitutes, the values stay out of the statement. */
export function parameterPrefix(params: QueryParameters | undefined): string {
  const names = Object.keys(params ?? {});
  if (names.length === 0) return '';
  return `SET ${names.map((name) => `param_${identifier(name)} = ${quoted(parameterText(params![name]!))}`).join(', ')}; `;
}

/** ` SETTINGS a = 1, …` after a query. */
export function settingsClause(settings: QueryOptions['settings']): string {
  const entries = Object.entries(settings ?? {});
  if (entries.length === 0) return '';
  return ` SETTINGS ${entries.map(([name, value]) => `${identifier(name)} = ${typeof value === 'number' ? value : quoted(value)}`).join(', ')}`;
}

/** Names come from code; this makes sure of it. */
export function identifier(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Error(`not an identifier: ${JSON.stringify(name)}`);
  return name;
}
