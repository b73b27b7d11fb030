import type { FieldCondition, FieldTerm, SearchNode, TextSpan, TextTerm } from './ast.ts';
import { isFieldName, Scanner } from './scanner.ts';
import { searchError } from './search-error.ts';

const MOST_CHARACTERS = 8192;
const MOST_TERMS = 256;
const DEEPEST = 32;
const NUMERIC_RANGE = /^(\*|-?\d+(?:\.\d+)?[a-zµ]*)\.\.(\*|-?\d+(?:\.\d+)?[a-zµ]*)$/i;

/**
 * Reads a query. Throws AppError `bad_query` with `fields.from` and `fields.to` (UTF-16 units, `to` exclusive) and, where one can tell what was meant,
 * `fields.hint`.
 */
export function parseSearch(text: string): SearchNode {
  return new Parser(new Scanner(text)).parse();
}

/** A name that conditions are read for: `name:(…)`. */
interface Field extends TextSpan {
  readonly name: string;
}

export class Parser {
  readonly #in: Scanner;
  #terms = 0;
  #depth = 0;

  constructor(scanner: Scanner) {
    this.#in = scanner;
  }

  parse(): SearchNode {
    const { text } = this.#in;
    if (text.length > MOST_CHARACTERS) {
      throw searchError(`the query has ${text.length} characters`, { from: MOST_CHARACTERS, to: text.length }, `at most ${MOST_CHARACTERS} are read`);
    }
    this.#in.skipSpaces();
    if (this.#in.done) return { kind: 'all' };
    const node = this.#either(undefined);
    if (!this.#in.done) throw searchError('a parenthesis is closed that was not opened', this.#here(), 'remove it, or quote it to search for it');
    return node;
  }

  /** Terms with OR between them, up to a closing parenthesis or the end. */
  #either(field: Field | undefined): SearchNode {
    const nodes = [this.#all(field)];
    while (this.#in.takeKeyword('OR', '||')) nodes.push(this.#all(field));
    return joined('or', nodes);
  }

  #all(field: Field | undefined): SearchNode {
    const nodes: SearchNode[] = [];
    let operator: TextSpan | undefined;
    for (;;) {
      this.#in.skipSpaces();
      if (this.#in.done || this.#in.peek() === ')' || this.#isAtOr()) break;
      const from = this.#in.at;
      if (this.#in.takeKeyword('AND', '&&')) {
        operator = { from, to: this.#in.at };
        if (nodes.length === 0) throw searchError(`nothing stands before ${this.#textOf(operator)}`, operator, 'quote it to search for the word');
        continue;
      }
      nodes.push(this.#unary(field));
      operator = undefined;
    }
    if (operator) throw searchError(`nothing follows ${this.#textOf(operator)}`, operator, 'quote it to search for the word');
    if (nodes.length > 0) return joined('and', nodes);
    throw this.#nothing();
  }

  #isAtOr(): boolean {
    const { text, at } = this.#in;
    const after = at + 2;
    return (text.startsWith('OR', at) || text.startsWith('||', at)) && (this.#in.isAtBoundary(after) || text[after] === '(');
  }

  /** What is said where a term must stand and none does. */
  #nothing(): Error {
    const last = this.#in.tokens.at(-1);
    const word = last === undefined ? '' : this.#textOf(last);
    if (last?.kind === 'operator') return searchError(`nothing follows ${word}`, last, 'quote it to search for the word');
    if (last?.kind === 'parenthesis' && this.#in.peek() === ')') return searchError('nothing stands between the parentheses', { from: last.from, to: this.#in.at + 1 });
    if (last?.kind === 'parenthesis' && this.#in.done) return searchError('a parenthesis is opened and not closed', last);
    const from = this.#in.at;
    const operator = this.#in.takeKeyword('OR', '||') ?? this.#textOf(this.#here());
    return searchError(`nothing stands before ${operator}`, { from, to: from + operator.length }, 'quote it to search for it');
  }

  #unary(field: Field | undefined): SearchNode {
    const from = this.#in.at;
    if (this.#in.takeKeyword('NOT')) {
      this.#in.skipSpaces();
      if (this.#in.isAtBoundary()) throw searchError('nothing follows NOT', { from, to: from + 3 }, 'quote it to search for the word');
      return this.#deeper(from, () => ({ kind: 'not', node: this.#unary(field) }));
    }
    if (this.#isNegation(field)) {
      this.#in.take('-', 'operator');
      return this.#deeper(from, () => ({ kind: 'not', node: this.#unary(field) }));
    }
    if (this.#in.take('(', 'parenthesis')) return this.#group(from, field);
    if (++this.#terms > MOST_TERMS) throw searchError(`the query has more than ${MOST_TERMS} terms`, this.#here());
    return field ? this.#condition(field, from) : this.#term();
  }

  /** `-5` among values is a number; `--flag` and `->` are words. */
  #isNegation(field: Field | undefined): boolean {
    if (this.#in.peek() !== '-' || this.#in.isAtBoundary(this.#in.at + 1)) return false;
    return field ? !/[\d.]/.test(this.#in.peek(1)) : !/[->]/.test(this.#in.peek(1));
  }

  #group(from: number, field: Field | undefined): SearchNode {
    return this.#deeper(from, () => {
      const node = this.#either(field);
      if (!this.#in.take(')', 'parenthesis')) throw searchError('a parenthesis is opened and not closed', { from, to: from + 1 });
      return node;
    });
  }

  #deeper(from: number, read: () => SearchNode): SearchNode {
    if (++this.#depth > DEEPEST) throw searchError(`the query is nested deeper than ${DEEPEST} levels`, { from, to: from + 1 });
    const node = read();
    this.#depth--;
    return node;
  }

  #term(): SearchNode {
    const from = this.#in.at;
    if (this.#in.peek() === '"') {
      const text = this.#in.quoted();
      if (this.#isOperator(true)) return this.#field({ name: text, ...this.#in.mark('field', from) });
      return { kind: 'text', form: 'phrase', text, ...this.#in.mark('phrase', from) };
    }
    const word = this.#in.bare((character, soFar) => character === '"' || character === '(' || character === ')' || (/[:<>=!]/.test(character) && this.#isOperator(isFieldName(soFar))));
    if (this.#isOperator(isFieldName(word.text)) && !word.hasWildcard) return this.#field({ name: word.text, ...this.#in.mark('field', from) });
    const span = this.#in.mark('text', from);
    if (/^(?:[<>]=?|!?=|:)$/.test(word.raw)) throw searchError(`nothing stands directly before ${word.raw}`, span, `write it without spaces, like level>=warn; or quote it to search for it`);
    return wordTerm(word.hasWildcard ? word.pattern : undefined, word.text, span);
  }

  /** Whether a field's operator stands here. `http://`, `std::string`, `a==b`, `key=` and `->` have none. */
  #isOperator(afterName: boolean): boolean {
    if (!afterName) return false;
    const [first, second, third] = [this.#in.peek(), this.#in.peek(1), this.#in.peek(2)];
    if (first === ':') return second !== ':' && !(second === '/' && third === '/');
    if (first === '=') return second !== '=' && !this.#in.isAtBoundary(this.#in.at + 1);
    if (first === '!') return second === '=';
    return first === '<' || first === '>';
  }

  #field(field: Field): SearchNode {
    if (field.name === '') throw searchError('a field has an empty name', field);
    const from = this.#in.at;
    const comparison = this.#in.takeComparison();
    if (comparison) return this.#compared(field, comparison, field.from);
    const negated = this.#in.take('!', 'operator');
    if (negated || this.#in.peek() === '=') {
      this.#in.take('=', 'operator');
      this.#mustFollow(field, from);
      const term = this.#plainValue(field, field.from);
      return negated ? { kind: 'not', node: term } : term;
    }
    this.#in.take(':', 'operator');
    this.#mustFollow(field, from);
    const open = this.#in.at;
    if (!this.#in.take('(', 'parenthesis')) return this.#condition(field, field.from);
    return listed(this.#group(open, field), { from: field.from, to: this.#in.at });
  }

  #mustFollow(field: Field, from: number): void {
    if (!this.#in.isAtBoundary()) return;
    const operator = this.#in.text.slice(from, this.#in.at);
    const hint = this.#in.done ? `write ${field.name}${operator}value, or ${field.name}:* for any; quote it to search for the word` : `write ${field.name}${operator}value without a space; quote it to search for the words`;
    throw searchError(`nothing follows ${field.name}${operator}`, { from: field.from, to: this.#in.at }, hint);
  }

  /** What stands behind `field:`, or between its parentheses. */
  #condition(field: Field, from: number): FieldTerm {
    const start = this.#in.at;
    const comparison = this.#in.takeComparison();
    if (comparison) return this.#compared(field, comparison, from);
    const first = this.#in.peek();
    if (first === '[' || first === '{') return this.#range(field, from);
    if (first === '/') {
      const pattern = this.#in.regex();
      if (pattern !== undefined) {
        this.#in.mark('value', start);
        return this.#fieldTerm(field, from, { op: 'matches', pattern });
      }
    }
    return this.#plainValue(field, from);
  }

  #plainValue(field: Field, from: number): FieldTerm {
    const start = this.#in.at;
    if (this.#in.peek() === '"') {
      const value = this.#in.quoted();
      this.#in.mark('value', start);
      return this.#fieldTerm(field, from, { op: 'is', value });
    }
    const { text, pattern, hasWildcard, raw } = this.#bareValue();
    if (pattern === '*' && hasWildcard) return this.#fieldTerm(field, from, { op: 'exists' });
    if (raw === text || hasWildcard) {
      const range = NUMERIC_RANGE.exec(raw);
      if (range && raw !== '*..*') {
        const [low, high] = [range[1]!, range[2]!].map((bound) => (bound === '*' ? undefined : bound));
        return this.#fieldTerm(field, from, { op: 'range', from: low, to: high, fromInclusive: true, toInclusive: true });
      }
    }
    return this.#fieldTerm(field, from, hasWildcard ? { op: 'like', pattern } : { op: 'is', value: text });
  }

  /** A value without quotes: parentheses in it belong to it as long as they are balanced. */
  #bareValue() {
    const start = this.#in.at;
    let open = 0;
    const value = this.#in.bare((character) => {
      if (character === '(') open++;
      return character === ')' && open-- === 0;
    });
    this.#in.mark('value', start);
    return value;
  }

  #compared(field: Field, op: '<' | '<=' | '>' | '>=', from: number): FieldTerm {
    this.#mustFollow(field, this.#in.at - op.length);
    const start = this.#in.at;
    if (this.#in.peek() === '"') {
      const value = this.#in.quoted();
      this.#in.mark('value', start);
      return this.#fieldTerm(field, from, { op, value });
    }
    const { text, hasWildcard } = this.#bareValue();
    if (hasWildcard) throw searchError(`${op} cannot be used with *`, { from: start, to: this.#in.at }, 'write a value, or quote it if the star is part of it');
    return this.#fieldTerm(field, from, { op, value: text });
  }

  #range(field: Field, from: number): FieldTerm {
    const start = this.#in.at;
    const fromInclusive = this.#in.peek() === '[';
    this.#in.at++;
    this.#in.mark('operator', start);
    const low = this.#bound(start);
    this.#in.skipSpaces();
    if (!this.#in.takeKeyword('TO')) throw rangeError({ from: start, to: Math.max(this.#in.at, start + 1) });
    const high = this.#bound(start);
    this.#in.skipSpaces();
    const toInclusive = this.#in.peek() === ']';
    if (!toInclusive && this.#in.peek() !== '}') throw rangeError({ from: start, to: Math.max(this.#in.at, start + 1) });
    this.#in.take(this.#in.peek(), 'operator');
    if (low === undefined && high === undefined) return this.#fieldTerm(field, from, { op: 'exists' });
    return this.#fieldTerm(field, from, { op: 'range', from: low, to: high, fromInclusive, toInclusive });
  }

  #bound(start: number): string | undefined {
    this.#in.skipSpaces();
    const from = this.#in.at;
    if (this.#in.peek() === '"') {
      const value = this.#in.quoted();
      this.#in.mark('value', from);
      return value;
    }
    const { raw, text, hasWildcard } = this.#in.bare((character) => character === ']' || character === '}');
    if (raw === '' || raw === 'TO') throw rangeError({ from: start, to: Math.max(this.#in.at, start + 1) });
    this.#in.mark('value', from);
    if (hasWildcard && raw !== '*') throw searchError('a range cannot end in a wildcard', { from, to: this.#in.at }, 'write * alone for an open end');
    return hasWildcard ? undefined : text;
  }

  #fieldTerm({ name }: Field, from: number, condition: FieldCondition): FieldTerm {
    return { kind: 'field', field: name, condition, from, to: this.#in.at };
  }

  #here(): TextSpan {
    return { from: this.#in.at, to: Math.min(this.#in.at + 1, this.#in.text.length) };
  }

  #textOf({ from, to }: TextSpan): string {
    return this.#in.text.slice(from, to);
  }
}

function rangeError(span: TextSpan): Error {
  return searchError('this is not a range', span, 'write it like [500 TO 599], {0 TO *} or [* TO 10]; quote the value if it is none');
}

function wordTerm(pattern: string | undefined, text: string, span: TextSpan): SearchNode {
  if (pattern === '*') return { kind: 'all' };
  const term: Pick<TextTerm, 'form' | 'text'> = pattern === undefined ? { form: 'word', text } : { form: 'like', text: pattern };
  return { kind: 'text', ...term, ...span };
}

/** Joins nodes, flattening what is of the same kind; what matches everything adds nothing to `and`. */
export function joined(kind: 'and' | 'or', nodes: readonly SearchNode[]): SearchNode {
  const flat = nodes.flatMap((node) => (node.kind === kind ? node.nodes : kind === 'and' && node.kind === 'all' ? [] : [node]));
  if (flat.length === 0) return { kind: 'all' };
  return flat.length === 1 ? flat[0]! : { kind, nodes: flat };
}

/** `field:(a OR b)` is one condition where its parts are plain values. */
function listed(node: SearchNode, span: TextSpan): SearchNode {
  if (node.kind !== 'or') return node;
  const values: string[] = [];
  let field = '';
  for (const part of node.nodes) {
    if (part.kind !== 'field' || part.condition.op !== 'is') return node;
    values.push(part.condition.value);
    field = part.field;
  }
  return { kind: 'field', field, condition: { op: 'in', values }, ...span };
}
