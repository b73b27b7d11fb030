/** Whether the piece is an id of this size that is not all zeros. */
export function hasId(bytes: Uint8Array, start: number, end: number, sizeBytes: number): boolean {
  if (end - start !== sizeBytes) return false;
  for (let at = start; at < end; at++) {
    if (bytes[at] !== 0) return true;
  }
  return false;
}
