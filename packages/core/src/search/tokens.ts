import { AppError } from '../errors.ts';
import { Parser } from './parser.ts';
import { Scanner, type SearchToken } from './scanner.ts';

export type { SearchToken, SearchTokenKind } from './scanner.ts';

/**
 * The pieces of a query in order, for highlighting; spaces are between them. Never throws: from where a query cannot be read, the rest of it is one
 * token of kind `error`.
 */
export function tokenizeSearch(text: string): SearchToken[] {
  const scanner = new Scanner(text);
  try {
    new Parser(scanner).parse();
    return scanner.tokens;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const from = error.fields['from'] as number;
    const good = scanner.tokens.filter((token) => token.to <= from);
    return from < text.length ? [...good, { kind: 'error', from, to: text.length }] : good;
  }
}
