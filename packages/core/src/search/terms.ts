import type { FieldTerm, SearchNode } from './ast.ts';
import { joined, parseSearch } from './parser.ts';
import { printSearch } from './printer.ts';

/**
 * The query narrowed to records whose field has the value: a click on a value. Where the query asks for another value of the field already, it asks
 * for either then. Throws `bad_query` where the query does not parse.
 */
export function addTerm(query: string, field: string, value: string): string {
  const parts = without(partsOf(query), field, value);
  const i = parts.findIndex((part) => valuesOf(part, field) !== undefined);
  if (i < 0) return printed([...parts, term(field, [value])]);
  return printed(parts.with(i, term(field, [...valuesOf(parts[i]!, field)!, value])));
}

/** The query without the condition that the field has, or has not, the value. Throws `bad_query` where the query does not parse. */
export function removeTerm(query: string, field: string, value: string): string {
  return printed(without(partsOf(query), field, value));
}

/** The query narrowed to records whose field does not have the value. Throws `bad_query` where the query does not parse. */
export function excludeTerm(query: string, field: string, value: string): string {
  return printed([...without(partsOf(query), field, value), { kind: 'not', node: term(field, [value]) }]);
}

function partsOf(query: string): readonly SearchNode[] {
  const node = parseSearch(query);
  return node.kind === 'and' ? node.nodes : [node];
}

function printed(parts: readonly SearchNode[]): string {
  return printSearch(joined('and', parts));
}

function term(field: string, values: readonly string[]): FieldTerm {
  return { kind: 'field', field, condition: values.length === 1 ? { op: 'is', value: values[0]! } : { op: 'in', values }, from: 0, to: 0 };
}

/** The values that a node asks for in the field, if that is all it does. */
function valuesOf(node: SearchNode, field: string): readonly string[] | undefined {
  if (node.kind !== 'field' || node.field !== field) return undefined;
  const { condition } = node;
  return condition.op === 'is' ? [condition.value] : condition.op === 'in' ? condition.values : undefined;
}

function without(parts: readonly SearchNode[], field: string, value: string): SearchNode[] {
  return parts.flatMap((part): SearchNode[] => {
    const inner = part.kind === 'not' ? part.node : part;
    const values = valuesOf(inner, field);
    if (!values?.includes(value)) return [part];
    const left = values.filter((one) => one !== value);
    if (left.length === 0) return [];
    return [part.kind === 'not' ? { kind: 'not', node: term(field, left) } : term(field, left)];
  });
}
