import { AppError } from '@pitot/core';
import { parseDocument } from 'yaml';

/** A mapping of a manifest; values may be anything, because anybody may have written them. */
export type Mapping = Readonly<Record<string, unknown>>;

/** The manifests of a large product take a few hundred kilobytes; reading YAML takes about a second a megabyte. */
const MOST_MANIFEST_BYTES = 2 * 1024 * 1024;
const MOST_DOCUMENTS = 5000;
/** Manifests nest about fifteen deep; the parser recurses, so what is deeper is not given to it. */
const DEEPEST = 100;
/** Enough for anchors people write; the product of nested ones is what a bomb is made of. */
const MOST_ALIASES = 100;

/**
 * Reads the documents of a YAML text, and of `kind: List`s in it. A document that does not parse is left out and said in `skipped`.
 * Throws AppError `body_too_large` where the text is longer than MOST_MANIFEST_BYTES or has too many documents.
 */
export async function manifestDocuments(text: string, skipped: string[]): Promise<Mapping[]> {
  if (text.length > MOST_MANIFEST_BYTES) {
    throw new AppError('body_too_large', `the manifests are longer than ${MOST_MANIFEST_BYTES} bytes; send them in parts, each with its own source`, { fields: { limit: MOST_MANIFEST_BYTES } });
  }
  const parts = text.split(/^---(?=\s|$)/m);
  if (parts.length > MOST_DOCUMENTS) {
    throw new AppError('body_too_large', `${parts.length} documents are more than ${MOST_DOCUMENTS}; send them in parts, each with its own source`, { fields: { limit: MOST_DOCUMENTS } });
  }
  const documents: Mapping[] = [];
  for (const [i, part] of parts.entries()) {
    // Others get their turn between two documents.
    await new Promise<void>((resolve) => void setImmediate(resolve));
    try {
      const found = parse(part);
      if (isMapping(found)) documents.push(...(found['kind'] === 'List' ? mappings(found['items']) : [found]));
      else if (found !== null && found !== undefined) skipped.push(`document ${i + 1}: is not a mapping`);
    } catch (error) {
      skipped.push(`document ${i + 1}: ${firstLine(error)}`);
    }
  }
  return documents;
}

function parse(text: string): unknown {
  if (isTooDeep(text)) throw new Error(`nests deeper than ${DEEPEST}`);
  // Looking for equal keys compares each with each; the last wins, as with kubectl.
  const document = parseDocument(text, { uniqueKeys: false, logLevel: 'silent', prettyErrors: true });
  if (document.errors[0]) throw document.errors[0];
  return document.toJS({ maxAliasCount: MOST_ALIASES });
}

/** By brackets and `- - -`; brackets within text count too, which only a text made for that notices. Indentation cannot nest as deep within the size. */
function isTooDeep(text: string): boolean {
  let open = 0;
  for (const [token] of text.matchAll(/[[\]{}]|(?:[-?][ \t]+){20,}/g)) {
    if (token.length > 1) return true;
    open = token === '[' || token === '{' ? open + 1 : Math.max(0, open - 1);
    if (open > DEEPEST) return true;
  }
  return false;
}

function firstLine(error: unknown): string {
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  return line.slice(0, 200).replace(/:$/, '');
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The mapping at a path; an empty one where there is none. */
export function mappingAt(value: unknown, ...path: readonly string[]): Mapping {
  let found: unknown = value;
  for (const key of path) found = isMapping(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  return isMapping(found) ? found : {};
}

/** The mappings of a list; whatever else is in it is left out. */
export function mappings(value: unknown): Mapping[] {
  return Array.isArray(value) ? value.filter(isMapping) : [];
}

/** The text of a scalar; numbers and booleans as written by YAML. Empty where it is none. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** The texts of a mapping's values, by key. */
export function textsOf(value: unknown): Map<string, string> {
  return isMapping(value) ? new Map(Object.entries(value).map(([key, text]) => [key, textOf(text)])) : new Map();
}
