import { closeSync, openSync, readdirSync, readlinkSync, readSync } from 'node:fs';
import { statfs } from 'node:fs/promises';

/** What the host collector sees of the file system; tests give fixtures. */
export interface HostFiles {
  /** The text of a file, or undefined where it is missing or not for us. `keepOpen` for a file that is read every round. */
  readFile(path: string, keepOpen?: boolean): string | undefined;
  /** Numeric entries of /proc. */
  processIds(): readonly string[];
  /** Where a symbolic link points, or undefined. */
  readLink(path: string): string | undefined;
  /** Undefined where the file system does not answer. */
  capacity(mountPoint: string): Promise<Capacity | undefined>;
  close(): void;
}

/** Bytes. `available` is what ordinary users can have of `free`. */
export interface Capacity {
  readonly size: number;
  readonly free: number;
  readonly available: number;
}

/** Files of /proc and /sys that are read every round stay open: reading at position 0 gives fresh contents. One buffer serves all. */
export function openHostFiles(): HostFiles {
  const descriptors = new Map<string, number>();
  const asking = new Set<string>();
  let buffer = Buffer.allocUnsafe(64 * 1024);

  function readAll(descriptor: number): string {
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, buffer, length, buffer.length - length, length);
      if (read === 0) return buffer.toString('utf8', 0, length);
      length += read;
      if (length < buffer.length) continue;
      const larger = Buffer.allocUnsafe(buffer.length * 2);
      buffer.copy(larger);
      buffer = larger;
    }
  }

  return {
    readFile(path, keepOpen = false) {
      const open = descriptors.get(path);
      try {
        if (open !== undefined) return readAll(open);
        const descriptor = openSync(path, 'r');
        if (keepOpen) descriptors.set(path, descriptor);
        try {
          return readAll(descriptor);
        } finally {
          if (!keepOpen) closeSync(descriptor);
        }
      } catch {
        const failed = descriptors.get(path);
        if (failed !== undefined) closeSync(failed);
        descriptors.delete(path);
        return undefined;
      }
    },
    processIds() {
      try {
        return readdirSync('/proc').filter((name) => name >= '1' && name < ':');
      } catch {
        return [];
      }
    },
    readLink(path) {
      try {
        return readlinkSync(path);
      } catch {
        return undefined;
      }
    },
    async capacity(mountPoint) {
      // A network file system may never answer: never ask it a second time meanwhile.
      if (asking.has(mountPoint)) return undefined;
      asking.add(mountPoint);
      try {
        const { blocks, bfree, bavail, bsize } = await statfs(mountPoint);
        return { size: blocks * bsize, free: bfree * bsize, available: bavail * bsize };
      } catch {
        return undefined;
      } finally {
        asking.delete(mountPoint);
      }
    },
    close() {
      for (const descriptor of descriptors.values()) closeSync(descriptor);
      descriptors.clear();
    },
  };
}
