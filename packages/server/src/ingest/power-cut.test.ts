import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { seededRandom } from './fixtures/seeded-random.ts';
import { MemoryLog, MovedClock } from './fixtures/stage.ts';
import { openDiskSpool, type DiskSpool } from './spool/disk-spool.ts';
import { diskFiles, type SpoolFiles } from './spool/spool-files.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pitot-power-cut-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** A disk that forgets, when the power is cut, anything from nothing to all of what was written and not synced. */
class ForgetfulFiles implements SpoolFiles {
  readonly makeDirectory = diskFiles.makeDirectory;
  readonly list = diskFiles.list;
  readonly read = diskFiles.read;
  readonly truncate = diskFiles.truncate;
  readonly rename = diskFiles.rename;
  readonly remove = diskFiles.remove;
  readonly syncDirectory = diskFiles.syncDirectory;
  readonly #syncedBytes = new Map<string, number>();
  readonly #random: () => number;
  /** From now on nothing is synced and nothing resolves. */
  powerless = false;

  constructor(random: () => number) {
    this.#random = random;
  }

  async create(path: string) {
    const file = await diskFiles.create(path);
    let writtenBytes = 0;
    this.#syncedBytes.set(path, 0);
    return {
      ...file,
      write: async (buffers: readonly Uint8Array[], position: number) => {
        await file.write(buffers, position);
        writtenBytes = position + buffers.reduce((sum, buffer) => sum + buffer.length, 0);
      },
      sync: async () => {
        if (this.powerless) return new Promise<void>(() => {});
        await file.sync();
        this.#syncedBytes.set(path, writtenBytes);
        return undefined;
      },
    };
  }

  forget(): void {
    for (const [path, syncedBytes] of this.#syncedBytes) {
      let bytes: Buffer;
      try {
        bytes = readFileSync(path);
      } catch {
        continue;
      }
      const keptBytes = syncedBytes + Math.floor(this.#random() * (bytes.length - syncedBytes + 1));
      const kept = Buffer.from(bytes.subarray(0, keptBytes));
      // Pages reach the disk in any order: some of those not synced are still zero.
      for (let at = syncedBytes; at < keptBytes; at += 64) if (this.#random() < 0.2) kept.fill(0, at, Math.min(at + 64, keptBytes));
      writeFileSync(path, kept);
    }
  }
}

it('has every acknowledged record after the power was cut, in order, and no torn one', async () => {
  const random = seededRandom(11);
  const acknowledged: string[] = [];
  const found: string[] = [];
  const open = (files: SpoolFiles): Promise<DiskSpool> =>
    openDiskSpool({
      directory,
      files,
      clock: new MovedClock(),
      log: new MemoryLog(),
      sealAfterMs: 3_600_000,
      sealAtBytes: 2000,
      memoryBytes: 0,
      fsyncSeconds: { observe() {} },
    });
  for (let round = 0; round < 40; round++) {
    const files = new ForgetfulFiles(random);
    const spool = await open(files);
    const send = async (i: number): Promise<void> => {
      const text = `${round}-${i} ${'x'.repeat(random() * 300)};`;
      await spool.append([{ table: 'metric_samples', bytes: Buffer.from(text) }], () => {});
      acknowledged.push(text);
    };
    for (let i = 0; i < random() * 30; i++) await send(i);
    files.powerless = true;
    for (let i = 100; i < 110; i++) void send(i);
    await new Promise((done) => setTimeout(done, 2));
    files.forget();

    const recovered = await open(diskFiles);
    while (recovered.records > 0) {
      const segment = (await recovered.next(new AbortController().signal))!;
      for (const { bytes } of await segment.load()) found.push(Buffer.from(bytes).toString());
      await recovered.remove(segment);
    }
  }
  expect(found.filter((text) => !/^\d+-\d+ x*;$/.test(text))).toEqual([]);
  expect(new Set(found).size).toBe(found.length);
  const acknowledgedSet = new Set(acknowledged);
  expect(found.filter((text) => acknowledgedSet.has(text))).toEqual(acknowledged);
});
