/** A piece of a sentence; with an id where it names a node. */
export interface NamedPart {
  readonly text: string;
  readonly node?: string;
}

const LETTER = /[\p{L}\p{N}_]/u;

/** Cuts a sentence where it first names each of the nodes, so that the names can be links. A name within a longer word is none. */
export function namedParts(sentence: string, nodes: readonly { readonly id: string; readonly name: string }[]): NamedPart[] {
  const places = nodes
    .map(({ id, name }) => ({ id, name, at: placeOf(sentence, name) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at || b.name.length - a.name.length);
  const parts: NamedPart[] = [];
  let done = 0;
  for (const { id, name, at } of places) {
    if (at < done) continue;
    if (at > done) parts.push({ text: sentence.slice(done, at) });
    parts.push({ text: name, node: id });
    done = at + name.length;
  }
  if (done < sentence.length) parts.push({ text: sentence.slice(done) });
  return parts;
}

function placeOf(sentence: string, name: string): number {
  if (name === '') return -1;
  for (let at = sentence.indexOf(name); at >= 0; at = sentence.indexOf(name, at + 1)) {
    const [before, after] = [sentence[at - 1] ?? ' ', sentence[at + name.length] ?? ' '];
    const isWhole = !LETTER.test(before) && before !== '-' && !LETTER.test(after) && !(after === '-' && LETTER.test(sentence[at + name.length + 1] ?? ' '));
    if (isWhole) return at;
  }
  return -1;
}
