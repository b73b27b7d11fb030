import type { FieldCondition, SearchNode } from './ast.ts';
import { parseSearch } from './parser.ts';
import { isFieldName } from './scanner.ts';

/** The query's text in its usual form: `parseSearch(printSearch(node))` is the node again, positions aside. */
export function printSearch(node: SearchNode): string {
  return node.kind === 'all' ? '' : print(node, 'or');
}

/** `within` says how tightly the place binds: an OR needs parentheses within an AND, anything joined does within a NOT. */
function print(node: SearchNode, within: 'or' | 'and' | 'not'): string {
  switch (node.kind) {
    case 'all':
      return '*';
    case 'and': {
      const text = node.nodes.map((part) => print(part, 'and')).join(' ');
      return within === 'not' ? `(${text})` : text;
    }
    case 'or': {
      const text = node.nodes.map((part) => print(part, 'and')).join(' OR ');
      return within === 'or' ? text : `(${text})`;
    }
    case 'not':
      return `-${node.node.kind === 'not' ? `(${print(node.node, 'or')})` : print(node.node, 'not')}`;
    case 'text':
      if (node.form === 'phrase') return quoted(node.text);
      return node.form === 'word' ? printWord(node.text) : printPattern(node.text);
    case 'field':
      return `${isFieldName(node.field) ? node.field : quoted(node.field)}${printCondition(node.condition)}`;
  }
}

function printCondition(condition: FieldCondition): string {
  switch (condition.op) {
    case 'is':
      return `:${value(condition.value)}`;
    case 'like':
      return `:${printPattern(condition.pattern)}`;
    case 'in':
      return `:(${condition.values.map(value).join(' OR ')})`;
    case 'exists':
      return ':*';
    case 'matches':
      return `:/${condition.pattern.replace(/\\[^]|\/|\s/g, (found) => (found === '/' ? '\\/' : found.length === 1 ? `\\${found}` : found))}/`;
    case 'range': {
      const { from, to, fromInclusive, toInclusive } = condition;
      const bound = (text: string | undefined): string => (text === undefined ? '*' : value(text));
      return `:${fromInclusive ? '[' : '{'}${bound(from)} TO ${bound(to)}${toInclusive ? ']' : '}'}`;
    }
    default:
      return `${condition.op}${value(condition.value)}`;
  }
}

const PLAIN_VALUE = /^[\p{L}\p{N}_+.@][\p{L}\p{N}_+.@:/$%#~,;-]*$/u;

/** A field's value, quoted where it would be read as something else. */
function value(text: string): string {
  const isPlain = PLAIN_VALUE.test(text) && !text.includes('..') && !/^(?:AND|OR|NOT|TO)$/.test(text);
  return isPlain || /^-\d+(?:\.\d+)?$/.test(text) || /^\/[\p{L}\p{N}_.\-/]*[\p{L}\p{N}_.-]$/u.test(text) ? text : quoted(text);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function printWord(text: string): string {
  return isReadAsWord(text) ? text : text.replace(/[^]/gu, (character, at: number) => (/[\s"()\\*:<>=!]/.test(character) || (at === 0 && !/[\p{L}\p{N}]/u.test(character)) || KEYWORD.test(text) ? `\\${character}` : character));
}

const KEYWORD = /^(?:AND|OR|NOT|&&|\|\|)$/;

function isReadAsWord(text: string): boolean {
  // The wider query may give another meaning to what is a word by itself.
  if (KEYWORD.test(text) || /^[->]/.test(text)) return false;
  try {
    const node = parseSearch(text);
    return node.kind === 'text' && node.form === 'word' && node.text === text;
  } catch {
    return false;
  }
}

function printPattern(pattern: string): string {
  return pattern.replace(/\\[*\\]|[^]/gu, (found, at: number) => {
    if (found.length > 1 && found.startsWith('\\')) return found;
    return /[\s"()\\:<>=!]/.test(found) || (at === 0 && /[-/[{]/.test(found)) ? `\\${found}` : found;
  });
}
