import { readFile, rename, writeFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

/**
 * Fingerprints of the series an earlier process knew. After a restart the registry is empty and every series looks new;
 * those in here do not count against limits.new_series_per_minute, so that a restart turns nobody away.
 *
 * The file is a CRC-32 (u32) and the fingerprints (two little-endian words each). It is a hint: where it is missing or
 * damaged all series count as new.
 */
export class KnownSeries {
  /** Open addressing with linear probing over pairs of words; (0, 0) is empty. At most half full. */
  #table = new Int32Array(2);

  has(low: number, high: number): boolean {
    const table = this.#table;
    const mask = table.length / 2 - 1;
    for (let at = low & mask; ; at = (at + 1) & mask) {
      const other = table[2 * at]!;
      const otherHigh = table[2 * at + 1]!;
      if (other === low && otherHigh === high) return true;
      if (other === 0 && otherHigh === 0) return false;
    }
  }

  replace(fingerprints: Int32Array): void {
    let size = 1;
    while (size < fingerprints.length) size *= 2;
    const table = new Int32Array(2 * size);
    for (let i = 0; i < fingerprints.length; i += 2) {
      let at = fingerprints[i]! & (size - 1);
      while (table[2 * at] !== 0 || table[2 * at + 1] !== 0) at = (at + 1) & (size - 1);
      table[2 * at] = fingerprints[i]!;
      table[2 * at + 1] = fingerprints[i + 1]!;
    }
    this.#table = table;
  }

  forEach(visit: (low: number, high: number) => void): void {
    const table = this.#table;
    for (let at = 0; at < table.length; at += 2) if (table[at] !== 0 || table[at + 1] !== 0) visit(table[at]!, table[at + 1]!);
  }

  clear(): void {
    this.#table = new Int32Array(2);
  }
}

export async function loadKnownSeries(path: string): Promise<Int32Array> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0));
  if (bytes.length < 12 || bytes.length % 8 !== 4 || bytes.readUInt32LE(0) !== crc32(bytes.subarray(4))) return new Int32Array(0);
  const words = new Int32Array((bytes.length - 4) / 4);
  new Uint8Array(words.buffer).set(bytes.subarray(4));
  return words;
}

export async function saveKnownSeries(path: string, fingerprints: Int32Array): Promise<void> {
  const words = new Uint8Array(fingerprints.buffer, fingerprints.byteOffset, fingerprints.byteLength);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32LE(crc32(words));
  await writeFile(`${path}.new`, [checksum, words], { mode: 0o600 });
  await rename(`${path}.new`, path);
}
