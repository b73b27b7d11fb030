import { searchError, type FieldTerm } from '@pitot/core/search';
import { RE2JS } from 're2js';
import { mapPairs, PAIR_SEPARATOR } from '../clickhouse/attribute-columns.ts';
import { boundsOf } from './bounds.ts';
import { findField, type SearchFieldOrBoth } from './field-lookup.ts';
import { compileLevels } from './level-condition.ts';
import { numericCondition, parseQuantity, unitOfName, type Quantity } from './quantity.ts';
import { allOf, anyOf, type RankedCondition } from './ranked-condition.ts';
import type { SearchParameters } from './search-parameters.ts';
import type { SearchTable } from './search-table.ts';
import { compileText } from './text-condition.ts';
import { likePattern } from './wildcard.ts';

/** A field's condition as SQL. Throws AppError `bad_query` where the value does not fit the field. */
export function compileField(term: FieldTerm, table: SearchTable, params: SearchParameters): RankedCondition[] {
  if (term.condition.op === 'matches') checkRegex(term, term.condition.pattern);
  const field = findField(term, table);
  const byColumn = (sql: string): RankedCondition[] => [{ sql, reads: 'column' }];
  switch (field.kind) {
    case 'text':
      return byColumn(textual(term, [{ sql: field.sql, ...(field.fold && { fold: field.fold }) }], params));
    case 'words':
      return wordy(term, field, params);
    case 'number':
      return byColumn(numeric(term, field.sql, field.unitNs, params));
    case 'id':
      return byColumn(identified(term, field.sql, params));
    case 'levels':
      return byColumn(compileLevels(term, field, params));
    case 'choice':
      return byColumn(chosen(term, field, params));
    default:
      return [{ sql: textual(term, attributeColumns(field, table, params), params), reads: isInIndex(term, table) ? 'index' : 'attributes' }];
  }
}

/** Whether only values are asked for that pairs of attributes are indexed by. */
function isInIndex({ condition }: FieldTerm, { indexedPairs }: SearchTable): boolean {
  const isPresent = (value: string): boolean => value !== '';
  return indexedPairs === true && ((condition.op === 'is' && isPresent(condition.value)) || (condition.op === 'in' && condition.values.every(isPresent)));
}

/** The engine would say so too, but not where, and only once it meets a value. */
function checkRegex(term: FieldTerm, pattern: string): void {
  try {
    RE2JS.compile(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw searchError(`the regular expression cannot be read: ${reason}`, term, 'RE2 is spoken here, which has no look-around and no back-references');
  }
}

/** Where a value may stand, as text and perhaps as a number. What is empty is absent. */
interface TextSource {
  readonly sql: string;
  /** The number, or NULL. */
  readonly number?: string;
  /** What must be true where there is a value at all, if there is a quick way to see it. */
  readonly present?: string;
  /** The name and the map, where pairs of them are indexed. */
  readonly pair?: { readonly name: string; readonly map: string };
  readonly fold?: 'lower';
}

function attributeColumns(field: Extract<SearchFieldOrBoth, { keys: readonly string[] }>, table: SearchTable, params: SearchParameters): TextSource[] {
  return field.keys.flatMap((name): TextSource[] => {
    const key = params.add(name, 'String');
    const own = `${table.attributes}[${key}]`;
    const pair = (map: string): Pick<TextSource, 'pair'> => (table.indexedPairs ? { pair: { name, map } } : {});
    const attribute = {
      sql: own,
      number: `if(mapContains(${table.numbers}, ${key}), ${table.numbers}[${key}], toFloat64OrNull(${own}))`,
      present: `mapContains(${table.attributes}, ${key})`,
      ...pair(table.attributes),
    };
    const resource = { sql: `${table.resource}[${key}]`, present: `mapContains(${table.resource}, ${key})`, ...pair(table.resource) };
    return field.kind === 'attribute' ? [attribute] : field.kind === 'resource' ? [resource] : [attribute, resource];
  });
}

const oneOf = (conditions: readonly string[]): string => (conditions.length === 1 ? conditions[0]! : `(${conditions.join(' OR ')})`);
const noneOf = (conditions: readonly string[]): string => `(${conditions.join(' AND ')})`;

function textual(term: FieldTerm, sources: readonly TextSource[], params: SearchParameters): string {
  const { condition } = term;
  switch (condition.op) {
    case 'exists':
      return oneOf(sources.map((source) => both(source, `${source.sql} != ''`)));
    case 'is':
      if (condition.value === '') return noneOf(sources.map(({ sql }) => `${sql} = ''`));
      return oneOf(sources.map((source) => equals(source, condition.value, params)));
    case 'in': {
      const wanted = condition.values.filter((value) => value !== '');
      const parts = wanted.length === 0 ? [] : sources.map((source) => isOneOf(source, wanted, params));
      if (wanted.length < condition.values.length) parts.push(noneOf(sources.map(({ sql }) => `${sql} = ''`)));
      return oneOf(parts);
    }
    case 'like':
      return oneOf(sources.map((source) => both(source, `${source.sql} != '' AND ${source.sql} LIKE ${params.add(folded(likePattern(condition.pattern), source), 'String')}`)));
    case 'matches':
      return oneOf(sources.map((source) => both(source, `${source.sql} != '' AND match(${source.sql}, ${params.add(condition.pattern, 'String')})`)));
    default:
      return compared(term, sources, params);
  }
}

function both({ present }: TextSource, condition: string): string {
  return present === undefined ? `(${condition})` : `(${present} AND ${condition})`;
}

function equals(source: TextSource, value: string, params: SearchParameters): string {
  if (source.pair) return `has(${mapPairs(source.pair.map)}, ${params.add(`${source.pair.name}${PAIR_SEPARATOR}${value}`, 'String')})`;
  return `(${source.sql} = ${params.add(folded(value, source), 'String')})`;
}

function isOneOf(source: TextSource, values: readonly string[], params: SearchParameters): string {
  if (source.pair) return oneOf(values.map((value) => equals(source, value, params)));
  return `(${source.sql} IN ${params.add(values.map((value) => folded(value, source)), 'Array(String)')})`;
}

function folded(value: string, { fold }: TextSource): string {
  return fold === 'lower' ? value.toLowerCase() : value;
}

/** Ordered as numbers where the bounds are numbers, else as text. */
function compared(term: FieldTerm, sources: readonly TextSource[], params: SearchParameters): string {
  const bounds = boundsOf(term);
  const quantities = bounds.map(({ value }) => parseQuantity(value));
  if (quantities.every((quantity) => quantity !== undefined)) {
    const scaled = bounds.map(({ op }, i) => ({ op, value: scale(term, quantities[i]!) }));
    return oneOf(sources.map((source) => both(source, `ifNull(${numericCondition(source.number ?? `toFloat64OrNull(${source.sql})`, scaled, params)}, false)`)));
  }
  return oneOf(sources.map((source) => both(source, [`${source.sql} != ''`, ...bounds.map(({ op, value }) => `${source.sql} ${op} ${params.add(folded(value, source), 'String')}`)].join(' AND '))));
}

/** A number with a unit of time means something on an attribute only if its name says its own unit (`duration_ms`). */
function scale(term: FieldTerm, { number, ns }: Quantity): number {
  if (ns === undefined) return number;
  const unit = unitOfName(term.field);
  if (unit !== undefined) return (number * ns) / unit;
  throw searchError(`the unit that ${term.field} is measured in is not known`, term, 'write the number without a unit');
}

function wordy(term: FieldTerm, column: Extract<SearchFieldOrBoth, { kind: 'words' }>, params: SearchParameters): RankedCondition[] {
  const { condition } = term;
  switch (condition.op) {
    case 'is':
      return condition.value === '' ? [{ sql: `(${column.column} = '')`, reads: 'text' }] : compileText({ form: 'phrase', text: condition.value }, column, params);
    case 'in':
      return [anyOf(condition.values.map((text) => allOf(compileText({ form: 'phrase', text }, column, params))))];
    case 'like':
      return compileText({ form: 'like', text: condition.pattern }, column, params);
    default:
      return [{ sql: textual(term, [{ sql: column.column }], params), reads: 'text' }];
  }
}

function numeric(term: FieldTerm, sql: string, unitNs: number | undefined, params: SearchParameters): string {
  const { condition } = term;
  if (condition.op === 'exists') return 'true';
  if (condition.op === 'like' || condition.op === 'matches') throw searchError(`${term.field} is a number`, term, `compare it, like ${term.field}>5 or ${term.field}:[1 TO 5]`);
  const read = (value: string): number => {
    const quantity = parseQuantity(value);
    if (quantity === undefined) throw searchError(`${JSON.stringify(value)} is not a number, which ${term.field} is compared with`, term, unitNs === undefined ? undefined : `write it like ${term.field}>250ms`);
    if (quantity.ns === undefined) return quantity.number;
    if (unitNs === undefined) throw searchError(`${term.field} has no unit of time`, term, 'write the number without a unit');
    return (quantity.number * quantity.ns) / unitNs;
  };
  if (condition.op === 'is') return `(${sql} = ${params.add(read(condition.value), 'Float64')})`;
  if (condition.op === 'in') return oneOf(condition.values.map((value) => `(${sql} = ${params.add(read(value), 'Float64')})`));
  return numericCondition(sql, boundsOf(term).map(({ op, value }) => ({ op, value: read(value) })), params);
}

const LARGEST_ID = 18_446_744_073_709_551_615n;

function identified(term: FieldTerm, sql: string, params: SearchParameters): string {
  const { condition } = term;
  const read = (value: string): string => {
    if (/^\d{1,20}$/.test(value) && BigInt(value) <= LARGEST_ID) return params.add(BigInt(value), 'UInt64');
    throw searchError(`${JSON.stringify(value)} is not the id of a ${term.field}`, term, 'an id is a whole number');
  };
  if (condition.op === 'exists') return `(${sql} != 0)`;
  if (condition.op === 'is') return `(${sql} = ${read(condition.value)})`;
  if (condition.op === 'in') return oneOf(condition.values.map((value) => `(${sql} = ${read(value)})`));
  throw searchError(`${term.field} is an id, which can only be equal`, term, `write ${term.field}:<id>`);
}

function chosen(term: FieldTerm, field: Extract<SearchFieldOrBoth, { kind: 'choice' }>, params: SearchParameters): string {
  const { condition } = term;
  const read = (value: string): string => {
    const name = value.toLowerCase();
    if (Object.hasOwn(field.values, name)) return field.values[name]!;
    throw searchError(`${JSON.stringify(value)} is not a value of ${term.field}`, term, `it is one of ${Object.keys(field.values).join(', ')}`);
  };
  if (condition.op === 'exists') return `(${field.sql} != ${params.add(field.absent, 'String')})`;
  if (condition.op === 'is') return `(${field.sql} = ${params.add(read(condition.value), 'String')})`;
  if (condition.op === 'in') return `(${field.sql} IN ${params.add(condition.values.map(read), 'Array(String)')})`;
  throw searchError(`${term.field} has a few values, which are not ordered`, term, `it is one of ${Object.keys(field.values).join(', ')}`);
}
