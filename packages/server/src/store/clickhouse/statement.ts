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

/** A server reads parameters from the URL, which must stay short (1 MiB in all, 128 KiB a value; proxies allow less). */
const LONGEST_PARAMETER = 4096;

/**
 * Moves long parameters into the statement, as quoted text cast to their type, which is what the engine makes of `{name:Type}` itself.
 * Answers the parameters that are left.
 */
export function inlineLongParameters(sql: string, params: QueryParameters): { sql: string; params: QueryParameters } {
  const left: Record<string, QueryParameter> = {};
  let text = sql;
  for (const [name, value] of Object.entries(params)) {
    const long = parameterText(value);
    if (long.length <= LONGEST_PARAMETER) left[name] = value;
    else text = text.replaceAll(new RegExp(`\\{${identifier(name)}:([^}]+)\\}`, 'g'), (_, type: string) => `CAST(${quoted(typeof value === 'string' ? value : long)}, ${quoted(type)})`);
  }
  return { sql: text, params: left };
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

/** A column's name; nested ones have a dot in theirs. */
export function columnIdentifier(name: string): string {
  if (!name.includes('.')) return identifier(name);
  name.split('.').forEach(identifier);
  return `\`${name}\``;
}
