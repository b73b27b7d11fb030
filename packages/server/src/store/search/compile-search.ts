import type { SearchNode } from '@pitot/core/search';
import type { QueryParameter } from '../clickhouse/clickhouse.ts';
import { compileField } from './field-condition.ts';
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
  return { sql: compile(node, table, params), params: params.values };
}

function compile(node: SearchNode, table: SearchTable, params: SearchParameters): string {
  switch (node.kind) {
    case 'all':
      return 'true';
    case 'and':
    case 'or':
      return `(${node.nodes.map((part) => compile(part, table, params)).join(node.kind === 'and' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `(NOT ${compile(node.node, table, params)})`;
    case 'text':
      return compileText(node, table.text, params);
    case 'field':
      return compileField(node, table, params);
  }
}
