/** A pattern of the search language in pieces: text, and `undefined` for each wildcard. `\*` and `\\` are text. */
export function patternPieces(pattern: string): (string | undefined)[] {
  const pieces: (string | undefined)[] = [];
  let text = '';
  for (let i = 0; i < pattern.length; i++) {
    const character = pattern[i]!;
    if (character === '*') {
      if (text !== '') pieces.push(text);
      pieces.push(undefined);
      text = '';
    } else {
      if (character === '\\' && i + 1 < pattern.length) i++;
      text += pattern[i]!;
    }
  }
  if (text !== '') pieces.push(text);
  return pieces;
}

/** The same for LIKE. */
export function likePattern(pattern: string): string {
  return patternPieces(pattern).map((piece) => (piece === undefined ? '%' : escapeLike(piece))).join('');
}

export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

/** Text as a regular expression (RE2) that finds it. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&');
}
