import { AppError } from '@pitot/core';
import type { FieldTerm } from '@pitot/core/search';
import { findField } from './field-lookup.ts';
import type { SearchParameters } from './search-parameters.ts';
import type { SearchTable } from './search-table.ts';

/** A field as an expression that gives its text, empty where it is absent: to count its values. Throws `bad_request` where counting makes no sense. */
export function fieldValue(field: string, table: SearchTable, params: SearchParameters): string {
  const term: FieldTerm = { kind: 'field', field, condition: { op: 'exists' }, from: 0, to: field.length };
  const found = findField(term, table);
  switch (found.kind) {
    case 'text':
    case 'choice':
      return `toString(${found.sql})`;
    case 'number':
    case 'id':
      return `toString(${found.sql})`;
    case 'levels': {
      const cases = found.names.flatMap(({ name, from, to }) => [`${found.sql} BETWEEN ${params.add(from, 'UInt8')} AND ${params.add(to, 'UInt8')}`, params.add(name, 'String')]);
      return `multiIf(${cases.join(', ')}, '')`;
    }
    case 'words':
      throw new AppError('bad_request', `the values of ${field} cannot be counted: it is free text; search it, or count pattern instead`, { fields: { field } });
    default: {
      const maps = found.kind === 'attribute' ? [table.attributes] : found.kind === 'resource' ? [table.resource] : [table.attributes, table.resource];
      const values = found.keys.flatMap((key) => maps.map((map) => `${map}[${params.add(key, 'String')}]`));
      if (values.length === 1) return values[0]!;
      return `multiIf(${values.slice(0, -1).flatMap((value) => [`${value} != ''`, value]).join(', ')}, ${values.at(-1)!})`;
    }
  }
}
