import { searchError, type FieldTerm } from '@pitot/core/search';
import { boundsOf } from './bounds.ts';
import { parseQuantity } from './quantity.ts';
import type { SearchField, SearchTable } from './search-table.ts';

/** A field of a table, or a name that may be an attribute of the record or of its resource. */
export type SearchFieldOrBoth = SearchField | { readonly kind: 'either'; readonly keys: readonly string[] };

/** What a field's name means: a builtin, `attribute.x` or `@x`, `resource.x`, else an attribute wherever it stands. */
export function findField(term: FieldTerm, table: SearchTable): SearchFieldOrBoth {
  const name = term.field;
  const builtin = Object.hasOwn(table.builtins, name.toLowerCase()) ? table.builtins[name.toLowerCase()] : undefined;
  if (builtin) return builtin;
  const explicit = /^(?:@|attributes?\.)(.+)$/.exec(name);
  if (explicit) return { kind: 'attribute', keys: [explicit[1]!] };
  const resource = /^resource\.(.+)$/.exec(name);
  if (resource) return { kind: 'resource', keys: [resource[1]!] };
  refuseMistypedBuiltin(term, table);
  return { kind: 'either', keys: [name] };
}

/** `levl>=warn` would find nothing, and not say why: names are not ordered, so the level was meant. */
function refuseMistypedBuiltin(term: FieldTerm, { builtins }: SearchTable): void {
  const bounds = boundsOf(term);
  if (bounds.every(({ value }) => isPlainNumber(value))) return;
  const near = Object.keys(builtins).find((name) => name.length > 3 && (builtins[name]!.kind === 'levels' || builtins[name]!.kind === 'number') && distance(name, term.field.toLowerCase()) <= 2);
  if (near !== undefined) throw searchError(`there is no field ${term.field}`, term, `did you mean ${near}? Write attribute.${term.field} for an attribute of that name`);
}

function isPlainNumber(text: string): boolean {
  const quantity = parseQuantity(text);
  return quantity !== undefined && quantity.ns === undefined;
}

/** Levenshtein's distance. */
function distance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let k = 1; k <= right.length; k++) {
      next.push(Math.min(row[k]! + 1, next[k - 1]! + 1, row[k - 1]! + (left[i - 1] === right[k - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[right.length]!;
}
