import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { AppError, type Clock, type Histogram, type Logger } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import { encodeHeader, encodeRecord, HEADER_BYTES, totalSize } from './segment-format.ts';
import type { SpoolFile, SpoolFiles } from './spool-files.ts';
import { isSegmentName, loadBlocks, QUARANTINE, recoverSegments, segmentName, segmentNumber, type StoredSegment } from './spool-recovery.ts';
import type { Spool, SpoolBlock, SpoolSegment } from './spool.ts';

export interface DiskSpoolOptions {
  readonly directory: string;
  readonly files: SpoolFiles;
  readonly clock: Clock;
  readonly log: Logger;
  readonly sealAfterMs: number;
  readonly sealAtBytes: number;
  /** Blocks of sealed segments up to this size stay in memory; the others are read again when their turn comes. */
  readonly memoryBytes: number;
  readonly fsyncSeconds: Histogram;
}

/** A record on its way to the disk. */
interface Entry {
  readonly blocks: readonly SpoolBlock[];
  readonly parts: readonly Uint8Array[];
  readonly sizeBytes: number;
  readonly onFailed: () => void;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/** The segment being filled. */
interface OpenSegment {
  readonly number: number;
  readonly path: string;
  readonly file: SpoolFile;
  readonly createdMs: number;
  /** What is durable. */
  sizeBytes: number;
  records: number;
  blocks: SpoolBlock[];
}

const DISK_FULL_RETRY_SECONDS = 10;
const WRITE_FAILED_RETRY_SECONDS = 5;

/** Opens the spool in `directory`, making it where it is missing, and recovers what an earlier process left. */
export async function openDiskSpool(options: DiskSpoolOptions): Promise<DiskSpool> {
  const { directory, files } = options;
  await files.makeDirectory(join(directory, QUARANTINE));
  await files.syncDirectory(directory);
  const names = [...(await files.list(directory)), ...(await files.list(join(directory, QUARANTINE)))];
  const highest = names.filter(isSegmentName).reduce((most, name) => Math.max(most, segmentNumber(name)), 0);
  return new DiskSpool(options, await recoverSegments(directory, files, options.log), highest + 1);
}

/**
 * Append-only segment files. All records that wait are written with one write and one fdatasync (group commit); a lone
 * sender waits for nobody. A segment is never appended to after it was handed out or after a restart, so its content,
 * and with it what a token stands for, never changes.
 */
export class DiskSpool implements Spool {
  readonly #options: DiskSpoolOptions;
  #sealAfterMs: number;
  /** Random per start, so that a segment number is never used twice with the same token. */
  readonly #runId = randomBytes(16).toString('hex');
  #nextNumber: number;
  #queue: Entry[] = [];
  #queuedBytes = 0;
  #open: OpenSegment | undefined;
  #sealed: StoredSegment[] = [];
  #sealWanted = false;
  #writing: Promise<void> | undefined;
  #sealTimer: NodeJS.Timeout | undefined;
  #wake: (() => void)[] = [];
  #bytesInMemory = 0;
  #sealedBytes = 0;
  #sealedRecords = 0;

  constructor(options: DiskSpoolOptions, recovered: readonly StoredSegment[], nextNumber: number) {
    this.#options = options;
    this.#sealAfterMs = options.sealAfterMs;
    for (const segment of recovered) this.#addSealed(segment);
    this.#nextNumber = nextNumber;
  }

  get sizeBytes(): number {
    return this.#sealedBytes + this.#queuedBytes + (this.#open?.sizeBytes ?? 0);
  }

  get records(): number {
    return this.#sealedRecords + this.#queue.length + (this.#open?.records ?? 0);
  }

  get oldestMs(): number | undefined {
    return (this.#sealed[0] ?? this.#open)?.createdMs;
  }

  append(blocks: readonly SpoolBlock[], onFailed: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const parts = encodeRecord(blocks);
      const sizeBytes = totalSize(parts);
      this.#queuedBytes += sizeBytes;
      this.#queue.push({ blocks, parts, sizeBytes, onFailed, resolve, reject });
      this.#write();
    });
  }

  async next(signal: AbortSignal): Promise<SpoolSegment | undefined> {
    while (!signal.aborted) {
      const oldest = this.#sealed[0];
      if (oldest !== undefined) return oldest;
      this.#sealWhenOld();
      await this.#change(signal);
    }
    return undefined;
  }

  sealAfter(ageMs: number): void {
    this.#sealAfterMs = ageMs;
  }

  async seal(): Promise<void> {
    this.#sealWanted = true;
    this.#write();
    await this.#writing;
  }

  async remove(segment: SpoolSegment): Promise<void> {
    const stored = this.#take(segment);
    if (stored === undefined) return;
    if (stored.damaged) return this.#putAside(stored);
    for (const { bytes } of stored.held ?? []) releaseBytes(bytes);
    const { files, log, directory } = this.#options;
    try {
      await files.remove(stored.path);
      await files.syncDirectory(directory);
    } catch (error) {
      // Its content is stored; after a restart it comes again with the same tokens, which the store ignores.
      log.error({ path: stored.path, err: error }, 'a stored spool segment cannot be deleted');
    }
  }

  async quarantine(segment: SpoolSegment): Promise<void> {
    const stored = this.#take(segment);
    if (stored !== undefined) await this.#putAside(stored);
  }

  async close(): Promise<void> {
    clearTimeout(this.#sealTimer);
    await this.seal();
  }

  /** Starts the one loop that touches the open segment, unless it runs. */
  #write(): void {
    this.#writing ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    // A turn later, so that `#writing` is set before this can end, and what one turn of the event loop brings is one group.
    await Promise.resolve();
    while (this.#queue.length > 0 || this.#sealWanted) {
      const group = this.#queue;
      this.#queue = [];
      if (group.length > 0) await this.#writeGroup(group);
      if (this.#sealWanted || (this.#open?.sizeBytes ?? 0) >= this.#options.sealAtBytes) await this.#sealOpen();
    }
    // In the same turn as the last look at the queue: what comes from now on starts the loop anew.
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly Entry[]): Promise<void> {
    const sizeBytes = group.reduce((sum, entry) => sum + entry.sizeBytes, 0);
    let synced = true;
    try {
      this.#open ??= await this.#create();
      const open = this.#open;
      await open.file.write(group.flatMap((entry) => entry.parts), open.sizeBytes);
      synced = false;
      await this.#sync(open);
      open.sizeBytes += sizeBytes;
      open.records += group.length;
      for (const entry of group) open.blocks.push(...entry.blocks);
    } catch (error) {
      await this.#undo(synced);
      this.#fail(group, error);
      return;
    }
    this.#queuedBytes -= sizeBytes;
    for (const entry of group) entry.resolve();
    this.#notify();
  }

  async #sync(open: OpenSegment): Promise<void> {
    const start = performance.now();
    await open.file.sync();
    this.#options.fsyncSeconds.observe((performance.now() - start) / 1000);
  }

  async #create(): Promise<OpenSegment> {
    const { files, directory, clock } = this.#options;
    const number = this.#nextNumber++;
    const path = join(directory, segmentName(number));
    const createdMs = clock.nowMs();
    const file = await files.create(path);
    try {
      await file.write([encodeHeader({ runId: this.#runId, number, createdMs })], 0);
      await files.syncDirectory(directory);
    } catch (error) {
      await this.#discard(file, path);
      throw error;
    }
    return { number, path, file, createdMs, sizeBytes: HEADER_BYTES, records: 0, blocks: [] };
  }

  /** Takes back a write that failed. After a failed fdatasync the kernel may have dropped pages: such a file is not written again. */
  async #undo(trustworthy: boolean): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    if (open.records === 0) {
      this.#open = undefined;
      return this.#discard(open.file, open.path);
    }
    try {
      await open.file.truncate(open.sizeBytes);
      if (trustworthy) return;
    } catch (error) {
      this.#options.log.error({ path: open.path, err: error }, 'a failed write to the spool cannot be taken back; going on in a new segment');
    }
    await this.#sealOpen();
  }

  async #discard(file: SpoolFile, path: string): Promise<void> {
    await file.close().catch(() => {});
    await this.#options.files.remove(path).catch(() => {});
  }

  /** Fails the group and all that queued up behind it: those may rely on what the group would have made durable. */
  #fail(group: readonly Entry[], cause: unknown): void {
    const failed = [...group, ...this.#queue];
    this.#queue = [];
    this.#queuedBytes = 0;
    const error = writeError(cause, this.#options.directory);
    this.#options.log.error({ err: cause, records: failed.length }, error.message);
    for (const entry of failed) entry.onFailed();
    for (const entry of failed) entry.reject(error);
  }

  async #sealOpen(): Promise<void> {
    this.#sealWanted = false;
    clearTimeout(this.#sealTimer);
    this.#sealTimer = undefined;
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const keep = this.#bytesInMemory + open.sizeBytes <= this.#options.memoryBytes;
    if (keep) this.#bytesInMemory += open.sizeBytes;
    this.#addSealed({
      id: `${this.#runId}-${open.number}`,
      path: open.path,
      sizeBytes: open.sizeBytes,
      records: open.records,
      createdMs: open.createdMs,
      damaged: false,
      held: keep ? open.blocks : undefined,
      isInMemory: keep,
      load: keep ? async () => open.blocks : () => loadBlocks(open.path, open.sizeBytes, this.#options.files),
    });
    if (!keep) for (const { bytes } of open.blocks) releaseBytes(bytes);
    this.#notify();
    await open.file.close().catch(() => {});
  }

  #addSealed(segment: StoredSegment): void {
    this.#sealed.push(segment);
    this.#sealedBytes += segment.sizeBytes;
    this.#sealedRecords += segment.records;
  }

  #take(segment: SpoolSegment): StoredSegment | undefined {
    const stored = this.#sealed.find(({ id }) => id === segment.id);
    if (stored === undefined) return undefined;
    this.#sealed = this.#sealed.filter((other) => other !== stored);
    this.#sealedBytes -= stored.sizeBytes;
    this.#sealedRecords -= stored.records;
    if (stored.held) this.#bytesInMemory -= stored.sizeBytes;
    return stored;
  }

  async #putAside({ path }: StoredSegment): Promise<void> {
    const { files, log, directory } = this.#options;
    const aside = join(directory, QUARANTINE, path.slice(directory.length + 1));
    try {
      await files.rename(path, aside);
      await files.syncDirectory(join(directory, QUARANTINE));
      await files.syncDirectory(directory);
    } catch (error) {
      log.error({ path, aside, err: error }, 'a spool segment cannot be moved to quarantine');
    }
  }

  /** The store has nothing to do: hand it the open segment as soon as that is old enough. A busy store gets larger segments. */
  #sealWhenOld(): void {
    const open = this.#open;
    if (open === undefined || this.#sealTimer !== undefined) return;
    const ageMs = Math.max(0, this.#options.clock.nowMs() - open.createdMs);
    this.#sealTimer = setTimeout(() => void this.seal(), Math.max(0, this.#sealAfterMs - ageMs));
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      signal.addEventListener('abort', done);
      this.#wake.push(done);
    });
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const done of wake) done();
  }
}

function writeError(cause: unknown, directory: string): AppError {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new AppError('disk_full', `the disk under ${directory} is full; nothing of this request was taken. Free space, or shorten the retention`, {
      cause,
      retryAfterSeconds: DISK_FULL_RETRY_SECONDS,
    });
  }
  return new AppError('store_unavailable', `the spool in ${directory} cannot be written (${code ?? String(cause)}); nothing of this request was taken`, {
    cause,
    retryAfterSeconds: WRITE_FAILED_RETRY_SECONDS,
  });
}
