import { searchError, type FieldTerm } from '@pitot/core/search';
import { boundsOf } from './bounds.ts';
import type { SearchParameters } from './search-parameters.ts';
import type { SearchField } from './search-table.ts';
import { escapeRegex, patternPieces } from './wildcard.ts';

type Levels = Extract<SearchField, { kind: 'levels' }>;
interface Range {
  readonly from: number;
  readonly to: number;
}

/** A severity: `level:error` is all numbers of that name, `level>=warn` everything from its lowest on. What has none is never above or below. */
export function compileLevels(term: FieldTerm, field: Levels, params: SearchParameters): string {
  const { condition } = term;
  switch (condition.op) {
    case 'exists':
      return `(${field.sql} != ${params.add(field.absent, 'UInt8')})`;
    case 'is':
      return within([rangeOf(condition.value, term, field)], field, params);
    case 'in':
      return within(condition.values.map((value) => rangeOf(value, term, field)), field, params);
    case 'like': {
      const pattern = new RegExp(`^${patternPieces(condition.pattern.toLowerCase()).map((piece) => (piece === undefined ? '.*' : escapeRegex(piece))).join('')}$`);
      const found = field.names.filter(({ name }) => pattern.test(name));
      if (found.length === 0) throw unknownLevel(condition.pattern, term, field);
      return within(found, field, params);
    }
    case 'matches':
      throw searchError(`${term.field} has a few names, which no expression is needed for`, term, `write ${term.field}:(warn OR error)`);
    default:
      return `(${[`${field.sql} != ${params.add(field.absent, 'UInt8')}`, ...boundsOf(term).map(({ op, value }) => compare(op, rangeOf(value, term, field), field, params))].join(' AND ')})`;
  }
}

function compare(op: '<' | '<=' | '>' | '>=', { from, to }: Range, { sql }: Levels, params: SearchParameters): string {
  return `${sql} ${op} ${params.add(op === '>' || op === '<=' ? to : from, 'UInt8')}`;
}

function within(ranges: readonly Range[], { sql }: Levels, params: SearchParameters): string {
  return `(${ranges.map(({ from, to }) => (from === to ? `${sql} = ${params.add(from, 'UInt8')}` : `${sql} BETWEEN ${params.add(from, 'UInt8')} AND ${params.add(to, 'UInt8')}`)).join(' OR ')})`;
}

function rangeOf(value: string, term: FieldTerm, field: Levels): Range {
  const name = value.toLowerCase();
  if (/^\d{1,3}$/.test(name) && Number(name) <= 255) return { from: Number(name), to: Number(name) };
  const canonical = Object.hasOwn(field.aliases, name) ? field.aliases[name] : name;
  const found = field.names.find((one) => one.name === canonical);
  if (found) return found;
  throw unknownLevel(value, term, field);
}

function unknownLevel(value: string, term: FieldTerm, { names }: Levels): Error {
  return searchError(`${JSON.stringify(value)} is not a ${term.field}`, term, `it is one of ${names.map(({ name }) => name).join(', ')}`);
}
