const WORD = 0x1_0000_0000;
const NS_PER_MS = 1_000_000;

/** Milliseconds of a point in time given as the words of unsigned nanoseconds: exact to less than a microsecond. */
export function msOfWords(low: number, high: number): number {
  return (high * WORD + low) / NS_PER_MS;
}

/** The words of nanoseconds since the epoch, from milliseconds. */
export function wordsOfMs(timeMs: number): readonly [low: number, high: number] {
  const ns = BigInt(Math.floor(timeMs)) * BigInt(NS_PER_MS);
  return [Number(BigInt.asUintN(32, ns)), Number(BigInt.asUintN(32, ns >> 32n))];
}
