/**
 * MurmurHash3_x86_128 (Austin Appleby, public domain): four 32-bit lanes, which is what JavaScript multiplies fast.
 * Of the 128 bits the first 64 name a series for ever, in every process and on every disk: changing this function, its
 * seed or the bytes it is given (see series-labels.ts) would split every stored series in two.
 *
 * Birthday bound for n series: n² / 2^65. Two million series collide with probability 1.1e-7, a hundred million with
 * 2.7e-4. The registry compares labels, so a collision among series it knows is noticed, not mixed up. The hash is
 * not keyed: who may write can construct a collision, and only turns his own second series away with it.
 */
const C1 = 0x239b961b;
const C2 = 0xab0e9789 | 0;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93 | 0;

/** The hash of the last `hash` call: two words, overwritten by the next. Returning an array would cost an allocation. */
export const hashWords = new Int32Array(2);

/** Hashes bytes[start, end) into `hashWords` (low word first). */
export function hash(bytes: Uint8Array, view: DataView, start: number, end: number): void {
  const length = end - start;
  const blocksEnd = start + (length & ~15);
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  for (let i = start; i < blocksEnd; i += 16) {
    h1 ^= mix(view.getInt32(i, true), C1, 15, C2);
    h1 = (Math.imul(rotate(h1, 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 ^= mix(view.getInt32(i + 4, true), C2, 16, C3);
    h2 = (Math.imul(rotate(h2, 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 ^= mix(view.getInt32(i + 8, true), C3, 17, C4);
    h3 = (Math.imul(rotate(h3, 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 ^= mix(view.getInt32(i + 12, true), C4, 18, C1);
    h4 = (Math.imul(rotate(h4, 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  const tail = length & 15;
  if (tail > 12) h4 ^= mix(tailWord(bytes, blocksEnd + 12, end), C4, 18, C1);
  if (tail > 8) h3 ^= mix(tailWord(bytes, blocksEnd + 8, end), C3, 17, C4);
  if (tail > 4) h2 ^= mix(tailWord(bytes, blocksEnd + 4, end), C2, 16, C3);
  if (tail > 0) h1 ^= mix(tailWord(bytes, blocksEnd, end), C1, 15, C2);
  finish(h1 ^ length, h2 ^ length, h3 ^ length, h4 ^ length);
}

function finish(a: number, b: number, c: number, d: number): void {
  let h1 = (a + b + c + d) | 0;
  let h2 = (b + h1) | 0;
  let h3 = (c + h1) | 0;
  let h4 = (d + h1) | 0;
  h1 = avalanche(h1);
  h2 = avalanche(h2);
  h3 = avalanche(h3);
  h4 = avalanche(h4);
  h1 = (h1 + h2 + h3 + h4) | 0;
  hashWords[0] = h1;
  hashWords[1] = (h2 + h1) | 0;
}

function mix(word: number, first: number, bits: number, second: number): number {
  return Math.imul(rotate(Math.imul(word, first), bits), second);
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Up to four bytes, little-endian, as the reference reads the tail. */
function tailWord(bytes: Uint8Array, start: number, end: number): number {
  let word = 0;
  for (let i = Math.min(end, start + 4) - 1; i >= start; i--) word = (word << 8) | bytes[i]!;
  return word;
}

function avalanche(word: number): number {
  let h = word;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
