import { addTerm, excludeTerm, parseSearch, printSearch, removeTerm } from '@pitot/core/search';

/** Whether the search asks for this value already (or asks to leave it out). False where the search cannot be read. */
export function hasTerm(query: string, field: string, value: string): boolean {
  return changed(query, () => removeTerm(query, field, value) !== printSearch(parseSearch(query)), false);
}

/** The search narrowed by a value, or widened again where it asks for it already. */
export function toggledTerm(query: string, field: string, value: string): string {
  return changed(query, () => (hasTerm(query, field, value) ? removeTerm(query, field, value) : addTerm(query, field, value)), query);
}

/** The search without what has the value. */
export const withoutValue = (query: string, field: string, value: string): string => changed(query, () => excludeTerm(query, field, value), query);

/** One term as a search of its own. */
export const termText = (field: string, value: string): string => addTerm('', field, value);

/** A search that cannot be read is left as it is. */
function changed<T>(query: string, change: () => T, otherwise: T): T {
  try {
    parseSearch(query);
  } catch {
    return otherwise;
  }
  return change();
}
