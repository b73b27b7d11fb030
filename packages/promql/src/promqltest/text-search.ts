import { RE2JS } from 're2js';

export type TextSearch = (text: string) => boolean;

/** An unanchored RE2 search, the syntax the scripts' patterns are written in. Throws on a bad pattern. */
export function compileSearch(pattern: string): TextSearch {
  const compiled = RE2JS.compile(pattern);
  return (text) => compiled.matcher(text).find();
}
