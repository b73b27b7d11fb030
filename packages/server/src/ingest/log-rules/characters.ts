/**
 * The UTF-16 unit at a position, 0 outside of the text. `charCodeAt` answers NaN there, and one such answer makes every later call at that place in
 * the code several times slower.
 */
export function codeAt(text: string, at: number): number {
  return at >= 0 && at < text.length ? text.charCodeAt(at) : 0;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}

/** ASCII letters and digits. */
export function isAlphanumeric(code: number): boolean {
  return isDigit(code) || isUpper(code) || (code >= 97 && code <= 122);
}
