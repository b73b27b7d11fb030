import { constants, fdatasync, ftruncate, fsync, open, close, writev } from 'node:fs';
import { mkdir, readdir, readFile, rename, truncate, unlink } from 'node:fs/promises';
import { promisify } from 'node:util';

/** The disk as the spool needs it; tests put one under it that fails on command. */
export interface SpoolFiles {
  makeDirectory(path: string): Promise<void>;
  /** Names only; empty where the directory does not exist. */
  list(path: string): Promise<string[]>;
  /** Creates a file that must not exist yet. */
  create(path: string): Promise<SpoolFile>;
  read(path: string): Promise<Buffer>;
  /** Durable when it resolves. */
  truncate(path: string, sizeBytes: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes creations, renames and removals in the directory durable. */
  syncDirectory(path: string): Promise<void>;
}

export interface SpoolFile {
  /** Writes all buffers one after the other from `position`; may have written a part when it throws. */
  write(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Makes what was written durable. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  close(): Promise<void>;
}

// The callback interface on descriptors costs half of what FileHandle's promises do; it is called for every commit.
const openFile = promisify(open);
const closeFile = promisify(close);
const syncData = promisify(fdatasync);
const syncAll = promisify(fsync);
const truncateFile = promisify(ftruncate);

/** More buffers than this do not fit into one writev (IOV_MAX). */
const MOST_BUFFERS = 1024;

export const diskFiles: SpoolFiles = {
  async makeDirectory(path) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  },
  async list(path) {
    try {
      return await readdir(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  },
  async create(path) {
    return openedFile(await openFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600));
  },
  read: (path) => readFile(path),
  async truncate(path, sizeBytes) {
    await truncate(path, sizeBytes);
    await withDescriptor(path, syncAll);
  },
  rename,
  remove: unlink,
  syncDirectory: (path) => withDescriptor(path, syncAll),
};

async function withDescriptor(path: string, use: (fd: number) => Promise<void>): Promise<void> {
  const fd = await openFile(path, constants.O_RDONLY);
  try {
    await use(fd);
  } finally {
    await closeFile(fd);
  }
}

function openedFile(fd: number): SpoolFile {
  return {
    async write(buffers, position) {
      for (let first = 0; first < buffers.length; first += MOST_BUFFERS) {
        position = await writeSome(fd, buffers.slice(first, first + MOST_BUFFERS), position);
      }
    },
    sync: () => syncData(fd),
    truncate: (sizeBytes) => truncateFile(fd, sizeBytes),
    close: () => closeFile(fd),
  };
}

/** Answers the position after the last byte. A short write is followed by another, which says why it was short. */
async function writeSome(fd: number, buffers: readonly Uint8Array[], position: number): Promise<number> {
  let rest = [...buffers];
  while (rest.length > 0) {
    const written = await writeVector(fd, rest, position);
    position += written;
    rest = withoutPrefix(rest, written);
  }
  return position;
}

function writeVector(fd: number, buffers: Uint8Array[], position: number): Promise<number> {
  return new Promise((done, fail) => {
    writev(fd, buffers, position, (error, written) => (error ? fail(error) : done(written)));
  });
}

function withoutPrefix(buffers: Uint8Array[], sizeBytes: number): Uint8Array[] {
  let skip = sizeBytes;
  let i = 0;
  while (i < buffers.length && skip >= buffers[i]!.length) skip -= buffers[i++]!.length;
  const rest = buffers.slice(i);
  if (skip > 0) rest[0] = rest[0]!.subarray(skip);
  return rest;
}
