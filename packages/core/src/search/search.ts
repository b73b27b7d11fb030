/**
 * The language that logs and traces are searched with:
 * `service:cart level>=warn "timed out" -path:/health status:[500 TO 599] user.id:* (a OR b)`.
 * The web parses it for its editor, the server to make SQL of it.
 */
export type SearchNode =
  /** An empty query: everything. */
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly nodes: readonly SearchNode[] }
  | { readonly kind: 'not'; readonly node: SearchNode }
  | TextTerm
  | FieldTerm;

/** Words in the body of a record or the name of a span. */
export interface TextTerm extends Span {
  readonly kind: 'text';
  /** A quoted phrase is found as it stands; a bare word may hold `*`. Neither heeds case. */
  readonly phrase: boolean;
  readonly text: string;
}

export interface FieldTerm extends Span {
  readonly kind: 'field';
  /** As written: a builtin (`service`, `level`, `status`, `duration`, …), an attribute, or `resource.<attribute>`. */
  readonly field: string;
  readonly condition: FieldCondition;
}

export type FieldCondition =
  /** `field:value`; `*` in an unquoted value stands for any characters. */
  | { readonly op: 'is'; readonly value: string; readonly quoted: boolean }
  /** `field:(a OR b)` */
  | { readonly op: 'in'; readonly values: readonly string[] }
  /** `field:*` */
  | { readonly op: 'exists' }
  | { readonly op: '<' | '<=' | '>' | '>='; readonly value: string }
  /** `field:[1 TO 5]`, `field:{1 TO 5}`; undefined is `*`. */
  | { readonly op: 'range'; readonly from: string | undefined; readonly to: string | undefined; readonly fromInclusive: boolean; readonly toInclusive: boolean }
  /** `field:/regex/` (RE2). */
  | { readonly op: 'matches'; readonly pattern: string };

/** Positions in the query's text, in UTF-16 units, `to` exclusive. */
interface Span {
  readonly from: number;
  readonly to: number;
}
