/** What the search language can ask of one table. */
export interface SearchTable {
  /** Column that free words are looked for in. */
  readonly text: TextColumn;
  /** The language's own names, aliases included. */
  readonly builtins: Readonly<Record<string, SearchField>>;
  /** `Map(…, String)` column of the record's attributes: `attribute.x`, `@x`, and any name that is no builtin. */
  readonly attributes: string;
  /** `Map(…, Float64)` column that repeats the attributes that came as numbers. */
  readonly numbers: string;
  /** `Map(…, String)` column: `resource.x`, and names that the record's attributes do not have. */
  readonly resource: string;
  /** Whether there are `text` indexes over `mapPairs` of both maps (attribute-columns.ts). */
  readonly indexedPairs?: boolean;
}

export interface TextColumn {
  readonly column: string;
  /** Whether there is a `text` index over `lowerUTF8(column)` with the tokenizer `splitByNonAlpha`. */
  readonly indexed: boolean;
}

export type SearchField =
  /** Text that is compared exactly. `fold: 'lower'` where the column holds lower case only (ids). */
  | { readonly kind: 'text'; readonly sql: string; readonly fold?: 'lower' }
  /** Text that words are looked for in, as in free text. */
  | ({ readonly kind: 'words' } & TextColumn)
  /** A number. With a unit (`250ms`, `1.5s`) a value is converted to `unitNs`-sized steps. */
  | { readonly kind: 'number'; readonly sql: string; readonly unitNs?: number }
  /** A whole number of up to 64 bits that is an id: equality only. */
  | { readonly kind: 'id'; readonly sql: string }
  /** Something with a few names, each a range of numbers (severity): `names` in ascending order; aliases map to one of them. */
  | { readonly kind: 'levels'; readonly sql: string; readonly names: readonly LevelName[]; readonly aliases: Readonly<Record<string, string>>; readonly absent: number }
  /** One of a few stored values, by any of its names, whatever the case: `error` → `Error`. */
  | { readonly kind: 'choice'; readonly sql: string; readonly values: Readonly<Record<string, string>>; readonly absent: string }
  /** Attributes under any of these keys. */
  | { readonly kind: 'attribute'; readonly keys: readonly string[] }
  | { readonly kind: 'resource'; readonly keys: readonly string[] };

interface LevelName {
  readonly name: string;
  /** Inclusive. */
  readonly from: number;
  readonly to: number;
}
