const TWO_32 = 0x1_0000_0000;
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** FNV-1a over UTF-16 units: names become words to seed with. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/**
 * Seeded numbers (sfc32 by Chris Doty-Humphrey, public domain). Each request reseeds its own, so that a fault changes the requests
 * it touches and no others.
 */
export class Random {
  #a = 0;
  #b = 0;
  #c = 0;
  #count = 1;
  #spareNormal = Number.NaN;

  constructor(...words: readonly number[]) {
    this.reseed(...words);
  }

  /** Starts again; at most three words count. */
  reseed(first = 0, second = 0, third = 0): void {
    this.#a = first | 0;
    this.#b = second | 0;
    this.#c = third | 0;
    this.#count = 1;
    this.#spareNormal = Number.NaN;
    for (let i = 0; i < 12; i++) this.word();
  }

  /** 32 random bits. */
  word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#count) | 0;
    this.#count = (this.#count + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** In [0, 1). */
  fraction(): number {
    return this.word() / TWO_32;
  }

  /** A whole number in [0, below). */
  below(below: number): number {
    return Math.floor(this.fraction() * below);
  }

  chance(probability: number): boolean {
    return probability >= 1 || (probability > 0 && this.fraction() < probability);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  /** Standard normal (Box–Muller; the second one is kept). */
  normal(): number {
    if (!Number.isNaN(this.#spareNormal)) {
      const spare = this.#spareNormal;
      this.#spareNormal = Number.NaN;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.fraction()));
    const angle = 2 * Math.PI * this.fraction();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  logNormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  /** How many events fall into an interval that has `mean` of them. */
  poisson(mean: number): number {
    if (mean > 60) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.fraction(); product > limit; product *= this.fraction()) count++;
    return count;
  }

  /** Lower-case hex digits, two per byte. */
  hex(bytes: number): string {
    let text = '';
    for (let done = 0; done < bytes; done += 4) {
      const word = this.word();
      const left = bytes - done;
      text += HEX[word >>> 24]!;
      if (left > 1) text += HEX[(word >>> 16) & 255]!;
      if (left > 2) text += HEX[(word >>> 8) & 255]!;
      if (left > 3) text += HEX[word & 255]!;
    }
    return text;
  }
}
