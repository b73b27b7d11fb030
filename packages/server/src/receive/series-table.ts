import { randomBytes } from 'node:crypto';

/** Ints per slot: two hash lanes, the length of what was hashed, and the value plus one (0: free). */
const SLOT = 4;
const FIRST_SLOTS = 4096;
/** Entries are forgotten after this long, so that what is only said for a new series (its metadata) is said again. */
const MAX_AGE_MS = 6 * 3_600_000;

/** A seed of the two lanes. */
export interface Seed {
  readonly a: number;
  readonly b: number;
}

// The lanes' secrets: odd multipliers and starting values that differ from process to process, so that a sender cannot prepare
// two label sets that collide.
const secret = new Int32Array(Uint8Array.from(randomBytes(16)).buffer);
const MULTIPLY_A = secret[0]! | 1;
const MULTIPLY_B = secret[1]! | 1;

/** Every table starts from this seed; more seeds come from hashing on. */
export const ROOT_SEED: Seed = { a: secret[2]!, b: secret[3]! };

/**
 * From bytes, seen as two 32-bit hash lanes and their length, to a small integer ≥ 0. Open addressing in one typed
 * array; a look-up touches one cache line and allocates nothing. Two of 2^32 different inputs in a million series
 * collide with a probability of about 3·10^-8.
 */
export class SeriesTable {
  /** The lanes of what was hashed last. */
  a = 0;
  b = 0;
  readonly #maxEntries: number;
  #slots = new Int32Array(FIRST_SLOTS * SLOT);
  #mask = FIRST_SLOTS - 1;
  #entries = 0;
  #epoch = -1;
  #bornMs = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  /** Call once per request: forgets everything when handles became void, or after six hours. Answers true when it did. */
  refresh(epoch: number, nowMs: number): boolean {
    if (epoch === this.#epoch && nowMs - this.#bornMs < MAX_AGE_MS && nowMs >= this.#bornMs) return false;
    this.#epoch = epoch;
    this.#bornMs = nowMs;
    this.clear();
    return true;
  }

  clear(): void {
    this.#slots = new Int32Array(FIRST_SLOTS * SLOT);
    this.#mask = FIRST_SLOTS - 1;
    this.#entries = 0;
  }

  seed(seed: Seed): void {
    this.a = seed.a;
    this.b = seed.b;
  }

  /** Hashes bytes [start, end) on top of the lanes. */
  mixBytes(view: DataView, start: number, end: number): void {
    let a = this.a;
    let b = this.b;
    const words = start + ((end - start) & ~3);
    let at = start;
    // Two lanes that see the word differently: what cancels out in one does not in the other.
    for (; at < words; at += 4) {
      const word = view.getInt32(at, true);
      a = Math.imul(a ^ word, MULTIPLY_A);
      a = (a << 15) | (a >>> 17);
      b = Math.imul(b ^ ((word << 16) | (word >>> 16)), MULTIPLY_B);
      b = (b << 13) | (b >>> 19);
    }
    let tail = end - at;
    for (; at < end; at++) tail = (tail << 8) | view.getUint8(at);
    a = Math.imul(a ^ tail, MULTIPLY_A);
    b = Math.imul(b ^ ((tail << 16) | (tail >>> 16)), MULTIPLY_B);
    this.a = a ^ (a >>> 15);
    this.b = b ^ (b >>> 14);
  }

  /** Hashes two words on top of the lanes. */
  mixWords(first: number, second: number): void {
    let a = Math.imul(this.a ^ first, MULTIPLY_A);
    a = (a << 15) | (a >>> 17);
    a = Math.imul(a ^ second, MULTIPLY_A);
    this.a = a ^ (a >>> 15);
    let b = Math.imul(this.b ^ second, MULTIPLY_B);
    b = (b << 13) | (b >>> 19);
    b = Math.imul(b ^ ((first << 16) | (first >>> 16)), MULTIPLY_B);
    this.b = b ^ (b >>> 14);
  }

  /** The value under the current lanes, or -1. */
  find(length: number): number {
    const { a, b } = this;
    const slots = this.#slots;
    const mask = this.#mask;
    for (let i = a & mask; ; i = (i + 1) & mask) {
      const at = i * SLOT;
      const value = slots[at + 3]!;
      if (value === 0) return -1;
      if (slots[at] === a && slots[at + 1] === b && slots[at + 2] === length) return value - 1;
    }
  }

  /** Puts a value under the lanes that were read when it was missed. A full table starts over. */
  put(a: number, b: number, length: number, value: number): void {
    if (this.#entries >= this.#maxEntries) this.clear();
    if ((this.#entries + 1) * 2 > this.#mask) this.#grow();
    this.#entries++;
    this.#place(a, b, length, value + 1);
  }

  #place(a: number, b: number, length: number, stored: number): void {
    const slots = this.#slots;
    let i = a & this.#mask;
    while (slots[i * SLOT + 3] !== 0) i = (i + 1) & this.#mask;
    slots[i * SLOT] = a;
    slots[i * SLOT + 1] = b;
    slots[i * SLOT + 2] = length;
    slots[i * SLOT + 3] = stored;
  }

  #grow(): void {
    const old = this.#slots;
    const count = (this.#mask + 1) * 2;
    this.#slots = new Int32Array(count * SLOT);
    this.#mask = count - 1;
    for (let at = 0; at < old.length; at += SLOT) {
      if (old[at + 3] !== 0) this.#place(old[at]!, old[at + 1]!, old[at + 2]!, old[at + 3]!);
    }
  }
}

/** A seed of its own for each API key, so that series limits per key see each key's series. */
export class KeySeeds {
  readonly #seeds = new Map<string, Seed>();
  readonly #table = new SeriesTable(1);

  of(keyId: string | undefined): Seed {
    if (keyId === undefined) return ROOT_SEED;
    let seed = this.#seeds.get(keyId);
    if (seed === undefined) {
      const bytes = Buffer.from(keyId);
      this.#table.seed(ROOT_SEED);
      this.#table.mixBytes(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.length);
      seed = { a: this.#table.a, b: this.#table.b };
      if (this.#seeds.size >= 10_000) this.#seeds.clear();
      this.#seeds.set(keyId, seed);
    }
    return seed;
  }
}
