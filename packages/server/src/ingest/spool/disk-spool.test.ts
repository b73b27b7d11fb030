import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FailingFiles, systemError } from '../fixtures/failing-files.ts';
import { MemoryLog, MovedClock } from '../fixtures/stage.ts';
import { openDiskSpool, type DiskSpool, type DiskSpoolOptions } from './disk-spool.ts';
import type { SpoolBlock, SpoolSegment } from './spool.ts';

let directory: string;
let files: FailingFiles;
let log: MemoryLog;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'pitot-spool-'));
  files = new FailingFiles();
  log = new MemoryLog();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function open(options: Partial<DiskSpoolOptions> = {}): Promise<DiskSpool> {
  return openDiskSpool({
    directory,
    files,
    clock: new MovedClock(),
    log,
    sealAfterMs: 3_600_000,
    sealAtBytes: 1024 * 1024,
    memoryBytes: 1024 * 1024,
    fsyncSeconds: { observe() {} },
    ...options,
  });
}

function record(text: string): SpoolBlock[] {
  return [{ table: 'metric_samples', bytes: Buffer.from(text) }];
}

const append = (spool: DiskSpool, text: string): Promise<void> => spool.append(record(text), () => {});

async function texts(segment: SpoolSegment): Promise<string[]> {
  return (await segment.load()).map(({ bytes }) => Buffer.from(bytes).toString());
}

/** Everything in the spool, segment by segment, removing it. */
async function takeAll(spool: DiskSpool): Promise<string[][]> {
  await spool.seal();
  const all: string[][] = [];
  while (spool.records > 0) {
    const segment = (await spool.next(new AbortController().signal))!;
    all.push(await texts(segment));
    await spool.remove(segment);
  }
  return all;
}

const segments = (): string[] => readdirSync(directory).filter((name) => name.endsWith('.segment'));
const aside = (): string[] => readdirSync(join(directory, 'quarantine'));

describe('group commit', () => {
  it('writes a lone record at once and what comes meanwhile together', async () => {
    const spool = await open();
    let release = (): void => {};
    files.beforeSync = () => new Promise((done) => (release = done));
    const first = append(spool, 'a');
    while (files.syncs < 1) await new Promise((done) => setImmediate(done));
    const rest = ['b', 'c', 'd'].map((text) => append(spool, text));
    files.beforeSync = () => {};
    release();
    await Promise.all([first, ...rest]);
    expect(files.syncs).toBe(2);
    expect(await takeAll(spool)).toEqual([['a', 'b', 'c', 'd']]);
    expect(segments()).toEqual([]);
    expect(spool.sizeBytes).toBe(0);
  });

  it('seals by size, keeps the order, and reads back what does not fit into memory', async () => {
    const spool = await open({ sealAtBytes: 200, memoryBytes: 0 });
    const sent = Array.from({ length: 20 }, (_, i) => `record ${i}`);
    for (const text of sent) await append(spool, text);
    expect(segments().length).toBeGreaterThan(3);
    const all = await takeAll(spool);
    expect(all.length).toBeGreaterThan(3);
    expect(all.flat()).toEqual(sent);
  });

  it('does not resolve before the data is synced', async () => {
    const spool = await open();
    files.beforeSync = () => {
      throw systemError('EIO');
    };
    let failed = 0;
    await expect(spool.append(record('a'), () => failed++)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(failed).toBe(1);
  });
});

describe('a disk that fails', () => {
  it('acknowledges nothing when it is full, leaves no trace, and works again with room', async () => {
    const spool = await open();
    await append(spool, 'before');
    files.roomBytes = 20;
    const order: string[] = [];
    const full = ['x'.repeat(100), 'y'].map((text) =>
      spool.append(record(text), () => order.push('forget')).catch((error) => {
        order.push('reject');
        return error;
      }),
    );
    expect(await Promise.all(full)).toMatchObject([
      { code: 'disk_full', httpStatus: 503, retryAfterSeconds: 10 },
      { code: 'disk_full' },
    ]);
    // Everything that failed together is taken back before anybody is told.
    expect(order).toEqual(['forget', 'forget', 'reject', 'reject']);
    expect(spool.records).toBe(1);
    files.roomBytes = Infinity;
    await append(spool, 'after');
    expect((await open()).records).toBe(2);
    expect(await takeAll(spool)).toEqual([['before', 'after']]);
  });

  it('leaves no empty segment when it is full from the start', async () => {
    const spool = await open();
    for (const roomBytes of [0, 10, 45]) {
      files.roomBytes = roomBytes;
      await expect(append(spool, 'never')).rejects.toMatchObject({ code: 'disk_full' });
      expect(segments()).toEqual([]);
    }
    files.roomBytes = Infinity;
    await append(spool, 'now');
    expect(await takeAll(spool)).toEqual([['now']]);
  });

  it('goes on in a new segment after a sync that failed', async () => {
    const spool = await open();
    await append(spool, 'a');
    files.beforeSync = () => {
      throw systemError('EIO');
    };
    await expect(append(spool, 'lost')).rejects.toMatchObject({ code: 'store_unavailable' });
    files.beforeSync = () => {};
    await append(spool, 'b');
    expect(segments()).toHaveLength(2);
    expect(await takeAll(spool)).toEqual([['a'], ['b']]);
  });

  it('goes on in a new segment when a write cannot be taken back', async () => {
    const spool = await open();
    await append(spool, 'a');
    files.roomBytes = 20;
    files.beforeTruncate = () => {
      throw systemError('EIO');
    };
    await expect(append(spool, 'lost')).rejects.toMatchObject({ code: 'disk_full' });
    files.roomBytes = Infinity;
    await append(spool, 'b');
    // As a crash would leave it: the half record is damage, because a newer segment exists; nothing acknowledged is lost.
    const again = await open();
    expect(await takeAll(again)).toEqual([['a'], ['b']]);
    expect(aside()).toHaveLength(1);
  });
});

describe('recovery', () => {
  it('gives out complete segments with the tokens they had', async () => {
    const first = await open({ sealAtBytes: 100 });
    for (const text of ['a'.repeat(80), 'b'.repeat(80), 'c']) await append(first, text);
    await first.seal();
    const before = (await first.next(new AbortController().signal))!.id;
    const second = await open();
    const recovered = (await second.next(new AbortController().signal))!;
    expect(recovered.id).toBe(before);
    expect(await takeAll(second)).toEqual([['a'.repeat(80)], ['b'.repeat(80)], ['c']]);
  });

  it('never uses a token twice, also when no file is left', async () => {
    const ids = new Set<string>();
    for (let start = 0; start < 3; start++) {
      const spool = await open();
      for (const text of ['a', 'b']) {
        await append(spool, text);
        await spool.seal();
        const segment = (await spool.next(new AbortController().signal))!;
        ids.add(segment.id);
        await spool.remove(segment);
      }
    }
    expect(ids.size).toBe(6);
  });

  it('cuts off a torn tail of the newest segment and does not append to it', async () => {
    const first = await open();
    await append(first, 'a');
    await append(first, 'b');
    const path = join(directory, segments()[0]!);
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.subarray(0, bytes.length - 1));
    const second = await open();
    await append(second, 'c');
    expect(segments()).toHaveLength(2);
    expect(await takeAll(second)).toEqual([['a'], ['c']]);
    expect(aside()).toEqual([]);
    expect(log.lines.some(({ message }) => message.includes('a crash interrupted'))).toBe(true);
  });

  it('removes a segment that was only just begun', async () => {
    writeFileSync(join(directory, '000000000007.segment'), 'PITOTSP1 and no more');
    const spool = await open();
    expect(spool.records).toBe(0);
    expect(segments()).toEqual([]);
    await append(spool, 'a');
    expect(segments()).toEqual(['000000000008.segment']);
  });

  it('reports damage in the middle, stores what is before it, and keeps the file', async () => {
    const first = await open();
    for (const text of ['aaaa', 'bbbb', 'cccc']) await append(first, text);
    const path = join(directory, segments()[0]!);
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('bbbb')]! ^= 1;
    writeFileSync(path, bytes);
    const second = await open();
    expect(log.lines.find(({ level }) => level === 'error')!.message).toContain('damaged in the middle');
    expect(await takeAll(second)).toEqual([['aaaa']]);
    expect(aside()).toHaveLength(1);
    expect(readFileSync(join(directory, 'quarantine', aside()[0]!))).toEqual(bytes);
    expect(existsSync(path)).toBe(false);
  });

  it('puts aside a segment whose header is damaged', async () => {
    const first = await open();
    await append(first, 'aaaa');
    const path = join(directory, segments()[0]!);
    const bytes = readFileSync(path);
    bytes[20]! ^= 1;
    writeFileSync(path, bytes);
    expect((await open()).records).toBe(0);
    expect(aside()).toHaveLength(1);
  });

  it('does not give out a segment whose bytes changed under it', async () => {
    const spool = await open({ memoryBytes: 0 });
    await append(spool, 'aaaa');
    await spool.seal();
    const path = join(directory, segments()[0]!);
    const bytes = readFileSync(path);
    bytes[bytes.indexOf('aaaa')]! ^= 1;
    writeFileSync(path, bytes);
    const segment = (await spool.next(new AbortController().signal))!;
    await expect(segment.load()).rejects.toMatchObject({ code: 'internal' });
  });
});
