import type { FacetsAnswer, FieldsAnswer } from '@pitot/core';
import { requestJson } from '../api/request.ts';

/** Where a search box learns what can be searched by; paths may carry parameters (range, environment). */
export interface SuggestionSource {
  readonly fieldsPath: string;
  readonly facetsPath: string;
  /** Values that are known without asking, e.g. the levels. */
  readonly known?: Readonly<Record<string, readonly string[]>> | undefined;
}

interface Suggestion {
  readonly text: string;
  readonly detail: string;
}

const VALUES = 30;
const SOURCES = { builtin: 'field', attribute: 'attribute', resource: 'of the resource' } as const;

function withParameters(path: string, parameters: Readonly<Record<string, string>>): string {
  return `${path}${path.includes('?') ? '&' : '?'}${new URLSearchParams(parameters)}`;
}

/** Names that begin with, or contain, what is written. Answers nothing where the server does not answer: typing goes on. */
export async function suggestFields({ fieldsPath }: SuggestionSource, prefix: string, signal: AbortSignal): Promise<readonly Suggestion[]> {
  try {
    const { fields } = await requestJson<FieldsAnswer>(withParameters(fieldsPath, { prefix }), { signal });
    return fields.map(({ field, type, source }) => ({ text: field, detail: `${SOURCES[source]}${type === 'number' ? ', number' : ''}` }));
  } catch {
    return [];
  }
}

/** Values that the field has among what the rest of the query finds, with their counts, and those known without asking. */
export async function suggestValues(source: SuggestionSource, field: string, query: string, signal: AbortSignal): Promise<readonly Suggestion[]> {
  const known = source.known?.[field] ?? [];
  let counted: readonly Suggestion[] = [];
  try {
    const { facets } = await requestJson<FacetsAnswer>(withParameters(source.facetsPath, { fields: field, limit: String(VALUES), query }), { signal });
    const values = facets.find((facet) => facet.field === field)?.values ?? facets[0]?.values ?? [];
    counted = values.map(({ value, count }) => ({ text: value, detail: count.toLocaleString('en-US') }));
  } catch {
    // What is known is still worth offering.
  }
  const missing = known.filter((value) => !counted.some(({ text }) => text === value));
  return [...counted, ...missing.map((text) => ({ text, detail: '' }))];
}
