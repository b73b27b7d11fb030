/**
 * The language that logs and traces are searched with:
 * `service:cart level>=warn "timed out" -path:/health status:[500 TO 599] user.id:* (a OR b)`.
 * The web parses it for its editor, the server to make SQL of it. docs/search.md describes it.
 */
export type { FieldCondition, FieldTerm, SearchNode, TextSpan, TextTerm } from './ast.ts';
export { parseSearch } from './parser.ts';
export { printSearch } from './printer.ts';
export { searchError } from './search-error.ts';
export { addTerm, excludeTerm, removeTerm } from './terms.ts';
export { tokenizeSearch, type SearchToken, type SearchTokenKind } from './tokens.ts';
