/** What `parseSearch` makes of a query. */
export type SearchNode =
  /** An empty query: everything. */
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly nodes: readonly SearchNode[] }
  | { readonly kind: 'not'; readonly node: SearchNode }
  | TextTerm
  | FieldTerm;

/** Words in the body of a record or the name of a span. Case is not heeded. */
export interface TextTerm extends TextSpan {
  readonly kind: 'text';
  /**
   * `word`: a bare word. `phrase`: quoted, found as it stands. `like`: a bare word with wildcards; `text` is then a pattern in which `*` stands
   * for any characters but spaces, and `\*` and `\\` for themselves.
   */
  readonly form: 'word' | 'phrase' | 'like';
  readonly text: string;
}

export interface FieldTerm extends TextSpan {
  readonly kind: 'field';
  /** As written: a builtin (`service`, `level`, `status`, `duration`, …), an attribute, or `resource.<attribute>`. */
  readonly field: string;
  readonly condition: FieldCondition;
}

export type FieldCondition =
  /** `field:value` */
  | { readonly op: 'is'; readonly value: string }
  /** `field:val*`: `*` stands for any characters, `\*` and `\\` for themselves. */
  | { readonly op: 'like'; readonly pattern: string }
  /** `field:(a OR b)` */
  | { readonly op: 'in'; readonly values: readonly string[] }
  /** `field:*` */
  | { readonly op: 'exists' }
  | { readonly op: '<' | '<=' | '>' | '>='; readonly value: string }
  /** `field:[1 TO 5]`, `field:{1 TO 5}`; undefined is `*`. */
  | { readonly op: 'range'; readonly from: string | undefined; readonly to: string | undefined; readonly fromInclusive: boolean; readonly toInclusive: boolean }
  /** `field:/regex/` (RE2, found anywhere in the value). */
  | { readonly op: 'matches'; readonly pattern: string };

/** Positions in the query's text, in UTF-16 units, `to` exclusive. */
export interface TextSpan {
  readonly from: number;
  readonly to: number;
}
