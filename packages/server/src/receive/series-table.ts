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

// The lanes' secrets differ from process to process, so that a sender cannot prepare two label sets that collide.
const A1 = secretMultiplier();
const A2 = secretMultiplier();
const B1 = secretMultiplier();
const B2 = secretMultiplier();

/** An odd multiplier with about as many ones as zeros, so that it spreads every bit. */
function secretMultiplier(): number {
  for (;;) {
    const candidate = randomBytes(4).readInt32LE() | 1;
    let ones = 0;
    for (let bits = candidate >>> 0; bits !== 0; bits &= bits - 1) ones++;
    if (ones >= 13 && ones <= 19) return candidate;
  }
}

/** Every table starts from this seed; more seeds come from hashing on. */
export const ROOT_SEED: Seed = { a: secretMultiplier(), b: secretMultiplier() };

/**
 * From bytes, seen as two 32-bit hash lanes and their length, to a small integer ≥ 0. Open addressing in one typed
 * array; a look-up touches one cache line and allocates nothing. Among a million series, any two share all 64 bits with a
 * probability of about 3·10^-8.
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

  /** Hashes bytes [start, end) on top of the lanes; each lane is MurmurHash3's 32-bit mixing with secret multipliers. */
  mixBytes(view: DataView, start: number, end: number): void {
    let a = this.a;
    let b = this.b;
    const words = start + ((end - start) & ~3);
    let at = start;
    for (; at < words; at += 4) {
      const word = view.getInt32(at, true);
      let k = Math.imul(word, A1);
      k = Math.imul((k << 15) | (k >>> 17), A2);
      a ^= k;
      a = (Math.imul((a << 13) | (a >>> 19), 5) + 0x64e654) | 0;
      k = Math.imul(word, B1);
      k = Math.imul((k << 17) | (k >>> 15), B2);
      b ^= k;
      b = (Math.imul((b << 11) | (b >>> 21), 9) + 0x35a9b1) | 0;
    }
    let tail = end - at;
    for (; at < end; at++) tail = (tail << 8) | view.getUint8(at);
    this.a = a;
    this.b = b;
    this.mixWords(tail, end - start);
  }

  /** Cheaper than `mixWords`, for two words that are hashes themselves. */
  mixHashes(first: number, second: number): void {
    const { a, b } = this;
    this.a = Math.imul(((a << 15) | (a >>> 17)) ^ first, A1);
    this.b = Math.imul(((b << 13) | (b >>> 19)) ^ second, B1);
  }

  /** Hashes two words on top of the lanes, and spreads what is there over all bits. */
  mixWords(first: number, second: number): void {
    let a = this.a ^ Math.imul(first, A2);
    a = Math.imul(a ^ (a >>> 16), A1) ^ Math.imul(second, A2);
    a = Math.imul(a ^ (a >>> 13), A1);
    this.a = a ^ (a >>> 16);
    let b = this.b ^ Math.imul(first, B2);
    b = Math.imul(b ^ (b >>> 15), B1) ^ Math.imul(second, B2);
    b = Math.imul(b ^ (b >>> 14), B1);
    this.b = b ^ (b >>> 16);
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
