import { basename, join } from 'node:path';
import { AppError, type Logger } from '@pitot/core';
import { decodeSegment, HEADER_BYTES, type SegmentContents } from './segment-format.ts';
import type { SpoolFiles } from './spool-files.ts';
import type { SpoolBlock, SpoolSegment } from './spool.ts';

/** A segment on disk that is complete. */
export interface StoredSegment extends SpoolSegment {
  readonly path: string;
  /** Has bytes that could not be read: goes to quarantine, not away, once the rest of it is stored. */
  readonly damaged: boolean;
  /** Its blocks while they are also in memory. */
  readonly held: readonly SpoolBlock[] | undefined;
}

/** Folder in the spool for what needs a person; nothing in it is ever deleted or read again by Pitot. */
export const QUARANTINE = 'quarantine';
const NAME = /^(\d{12})\.segment$/;

export function isSegmentName(name: string): boolean {
  return NAME.test(name);
}

export function segmentName(number: number): string {
  return `${String(number).padStart(12, '0')}.segment`;
}

export function segmentNumber(name: string): number {
  return Number(name.slice(0, 12));
}

/**
 * Finds what an earlier process left. Only the newest segment can end in the middle of a write (each is durable before
 * the next is made), so there a torn tail is cut off: it was never acknowledged. Anything else that cannot be read is
 * damage: said loudly, and kept.
 */
export async function recoverSegments(directory: string, files: SpoolFiles, log: Logger): Promise<StoredSegment[]> {
  const names = (await files.list(directory)).filter(isSegmentName).sort();
  const segments: StoredSegment[] = [];
  for (const [index, name] of names.entries()) {
    const segment = await recoverSegment(join(directory, name), index === names.length - 1, files, log);
    if (segment !== undefined) segments.push(segment);
  }
  await files.syncDirectory(directory);
  if (segments.length > 0) {
    const records = segments.reduce((sum, segment) => sum + segment.records, 0);
    log.info({ segments: segments.length, records }, 'found acknowledged data in the spool; storing it now');
  }
  return segments;
}

async function recoverSegment(path: string, newest: boolean, files: SpoolFiles, log: Logger): Promise<StoredSegment | undefined> {
  const bytes = await files.read(path);
  const contents = decodeSegment(bytes);
  const torn = newest && contents.tail !== 'damaged';
  if (contents.header === undefined || contents.records === 0) {
    if (torn && (contents.header !== undefined || bytes.length <= HEADER_BYTES)) await files.remove(path);
    else await putAside(path, files, log);
    return undefined;
  }
  if (contents.tail !== 'none') {
    const fields = { path, validBytes: contents.validBytes, sizeBytes: bytes.length, records: contents.records };
    if (torn) {
      log.info(fields, 'cut off a write to the spool that a crash interrupted; it had not been acknowledged');
      await files.truncate(path, contents.validBytes);
    } else {
      log.error(fields, `spool segment is damaged in the middle: what is before is stored, then the file is kept in ${QUARANTINE}/`);
    }
  }
  return storedSegment(path, contents, !torn && contents.tail !== 'none', files);
}

function storedSegment(path: string, contents: SegmentContents, damaged: boolean, files: SpoolFiles): StoredSegment {
  const { runId, number, createdMs } = contents.header!;
  return {
    id: `${runId}-${number}`,
    path,
    sizeBytes: contents.validBytes,
    records: contents.records,
    createdMs,
    damaged,
    held: undefined,
    isInMemory: false,
    load: () => loadBlocks(path, contents.validBytes, files),
  };
}

/** Reads a complete segment again. Throws `internal` where the bytes are no longer what they were. */
export async function loadBlocks(path: string, sizeBytes: number, files: SpoolFiles): Promise<readonly SpoolBlock[]> {
  const contents = decodeSegment((await files.read(path)).subarray(0, sizeBytes));
  if (contents.validBytes === sizeBytes) return contents.blocks;
  throw new AppError('internal', `the disk gave back other bytes than before: ${path} is damaged from byte ${contents.validBytes} of ${sizeBytes}`);
}

async function putAside(path: string, files: SpoolFiles, log: Logger): Promise<void> {
  const aside = join(path, '..', QUARANTINE, basename(path));
  log.error({ path, aside }, 'spool segment cannot be read at all; kept in quarantine');
  await files.rename(path, aside);
  await files.syncDirectory(join(aside, '..'));
}
