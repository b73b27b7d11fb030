import { AppError } from '@pitot/core';
import { addTerm, excludeTerm, parseSearch, printSearch, removeTerm, type SearchNode } from '@pitot/core/search';

/** What a query asks of one field, as far as a facet can show it. */
export interface FieldChoice {
  readonly included: readonly string[];
  readonly excluded: readonly string[];
}

/** The conditions that a query sets on fields by value, by field; what stands inside an OR is not told apart. Empty where it cannot be read. */
export function choicesOf(query: string): ReadonlyMap<string, FieldChoice> {
  const choices = new Map<string, FieldChoice>();
  for (const part of partsOf(query)) {
    const inner = part.kind === 'not' ? part.node : part;
    if (inner.kind !== 'field' || (inner.condition.op !== 'is' && inner.condition.op !== 'in')) continue;
    const values = inner.condition.op === 'is' ? [inner.condition.value] : inner.condition.values;
    const before = choices.get(inner.field) ?? { included: [], excluded: [] };
    choices.set(inner.field, part.kind === 'not' ? { ...before, excluded: [...before.excluded, ...values] } : { ...before, included: [...before.included, ...values] });
  }
  return choices;
}

/** The query without the values that it asks for in a field, so that the others can be counted, too. */
export function withoutChoice(query: string, field: string): string {
  return (choicesOf(query).get(field)?.included ?? []).reduce((rest, value) => removeTerm(rest, field, value), query);
}

export type Narrowing = 'include' | 'exclude' | 'clear';

/** The query narrowed by a value; as it is where it cannot be read. */
export function narrowed(query: string, how: Narrowing, field: string, value: string): string {
  const change = { include: addTerm, exclude: excludeTerm, clear: removeTerm }[how];
  try {
    return change(query, field, value);
  } catch (error) {
    if (error instanceof AppError) return query;
    throw error;
  }
}

/** Each term with the query that is left without it: what to try where nothing was found. */
export function withoutEach(query: string): readonly { readonly term: string; readonly rest: string }[] {
  const parts = partsOf(query);
  if (parts.length < 2) return [];
  return parts.map((part, i) => ({ term: printSearch(part), rest: parts.filter((_, j) => j !== i).map((other) => (other.kind === 'or' ? `(${printSearch(other)})` : printSearch(other))).join(' ') }));
}

/** The query limited further by a condition. */
export const within = (query: string, condition: string): string => (query.trim() === '' ? condition : `(${query}) ${condition}`);

function partsOf(query: string): readonly SearchNode[] {
  const node = readable(query);
  if (node === undefined || node.kind === 'all') return [];
  return node.kind === 'and' ? node.nodes : [node];
}

function readable(query: string): SearchNode | undefined {
  try {
    return parseSearch(query);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

/** What to mark in a line: the words that were searched for, wherever they stand in the query but not where they are excluded. */
export function needlesOf(query: string): readonly RegExp[] {
  const node = readable(query);
  return node === undefined ? [] : collect(node);
}

function collect(node: SearchNode): RegExp[] {
  switch (node.kind) {
    case 'and':
    case 'or':
      return node.nodes.flatMap(collect);
    case 'text':
      return [needle(node.text, node.form === 'like')];
    case 'field':
      if (node.field !== 'body' && node.field !== 'message') return [];
      if (node.condition.op === 'is') return [needle(node.condition.value, false)];
      return node.condition.op === 'like' ? [needle(node.condition.pattern, true)] : [];
    default:
      return [];
  }
}

/** In a pattern `*` stands for anything but spaces, `\*` and `\\` for themselves. */
function needle(text: string, pattern: boolean): RegExp {
  const pieces = pattern ? text.match(/\\[*\\]|\*|[^*\\]+|\\/g) ?? [] : [text];
  const source = pieces.map((piece) => (pattern && piece === '*' ? '\\S*' : escaped(pattern && /^\\[*\\]$/.test(piece) ? piece.slice(1) : piece))).join('');
  return new RegExp(source, 'giu');
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, (character) => (character === '-' ? '\\x2d' : `\\${character}`));

interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

const MOST_MARKS = 200;

/** A line in pieces, those that match marked. */
export function markedPieces(line: string, needles: readonly RegExp[]): readonly Piece[] {
  const spans = needles
    .flatMap((expression) => [...line.matchAll(expression)].slice(0, MOST_MARKS).map((found) => ({ from: found.index, to: found.index + found[0].length })))
    .filter(({ from, to }) => to > from)
    .sort((a, b) => a.from - b.from);
  const pieces: Piece[] = [];
  let at = 0;
  for (const { from, to } of spans) {
    if (to <= at) continue;
    if (from > at) pieces.push({ text: line.slice(at, from), marked: false });
    pieces.push({ text: line.slice(Math.max(at, from), to), marked: true });
    at = to;
  }
  if (at < line.length) pieces.push({ text: line.slice(at), marked: false });
  return pieces;
}
