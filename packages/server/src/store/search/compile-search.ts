import type { SearchNode } from '@pitot/core/search';
import type { QueryParameter } from '../clickhouse/clickhouse.ts';
import { compileField } from './field-condition.ts';
import { allOf, anyOf, type RankedCondition } from './ranked-condition.ts';
import { SearchParameters } from './search-parameters.ts';
import type { SearchTable } from './search-table.ts';
import { compileText } from './text-condition.ts';

/** A condition to stand in a WHERE, with what its placeholders stand for. */
export interface CompiledSearch {
  readonly sql: string;
  readonly params: Readonly<Record<string, QueryParameter>>;
}

/**
 * A query as SQL over a table. Everything that was written in the query, names too, is a parameter; their names begin with `prefix`. Throws AppError
 * `bad_query` with the position where a value does not fit its field.
 */
export function compileSearch(node: SearchNode, table: SearchTable, prefix = 'q'): CompiledSearch {
  const params = new SearchParameters(prefix);
  return { sql: allOf(compile(node, table, params)).sql, params: params.values };
}

/** The conditions that must all be true. */
function compile(node: SearchNode, table: SearchTable, params: SearchParameters): RankedCondition[] {
  switch (node.kind) {
    case 'all':
      return [{ sql: 'true', reads: 'index' }];
    case 'and':
      return node.nodes.flatMap((part) => compile(part, table, params));
    case 'or':
      return [anyOf(node.nodes.map((part) => allOf(compile(part, table, params))))];
    case 'not': {
      const { sql, reads } = allOf(compile(node.node, table, params));
      return [{ sql: `(NOT ${sql})`, reads }];
    }
    case 'text':
      return compileText(node, table.text, params);
    case 'field':
      return compileField(node, table, params);
  }
}
