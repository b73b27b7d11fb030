import { closeSync, globSync, openSync, readSync, renameSync, readFileSync, statSync, writeFileSync } from 'node:fs';

/** Of one file and of all files in one round: a flood is read over several rounds, and other files are not kept waiting. */
const MOST_BYTES_OF_FILE = 1024 * 1024;
const MOST_BYTES_OF_ROUND = 8 * 1024 * 1024;
/** A line longer than this is taken in pieces. */
const LONGEST_LINE_BYTES = 256 * 1024;
const MOST_FILES = 1000;
/** New files are looked for this often. */
const LOOK_EVERY_ROUNDS = 5;
const NEW_LINE = 10;

interface Position {
  /** Device and inode: a file that was rotated away is another one. */
  readonly identity: string;
  offset: number;
}

export interface FileLines {
  readonly path: string;
  readonly lines: readonly string[];
}

/** Follows log files by glob. What was there at the very first start is not sent again; what appears later is read from its beginning. */
export class LogFiles {
  readonly #globs: readonly string[];
  readonly #statePath: string;
  readonly #buffer = Buffer.allocUnsafe(MOST_BYTES_OF_FILE);
  #positions: Map<string, Position>;
  #pending = new Map<string, Position>();
  #paths: readonly string[] = [];
  #round = 0;
  #next = 0;
  #isFirstStart: boolean;
  /** Files that may not be read: said once each. */
  readonly #refused = new Set<string>();
  readonly #onRefused: (path: string, reason: string) => void;

  constructor(globs: readonly string[], statePath: string, onRefused: (path: string, reason: string) => void) {
    this.#globs = globs;
    this.#statePath = statePath;
    this.#onRefused = onRefused;
    const stored = readPositions(statePath);
    this.#isFirstStart = stored === undefined;
    this.#positions = stored ?? new Map();
  }

  /** The complete lines that were added since the last `commit`. */
  read(): FileLines[] {
    if (this.#round++ % LOOK_EVERY_ROUNDS === 0) this.#look();
    const found: FileLines[] = [];
    let left = MOST_BYTES_OF_ROUND;
    this.#pending = new Map();
    for (let i = 0; i < this.#paths.length && left > 0; i++) {
      const path = this.#paths[(this.#next + i) % this.#paths.length]!;
      const { lines, bytes } = this.#readFile(path);
      left -= bytes;
      if (lines.length > 0) found.push({ path, lines });
    }
    if (this.#paths.length > 0) this.#next = (this.#next + 1) % this.#paths.length;
    return found;
  }

  /** What the last `read` gave is safe; from here on it is not read again, also after a restart. */
  commit(): void {
    if (this.#pending.size === 0 && !this.#isFirstStart) return;
    for (const [path, position] of this.#pending) this.#positions.set(path, position);
    this.#pending = new Map();
    this.#isFirstStart = false;
    const temporary = `${this.#statePath}.new`;
    writeFileSync(temporary, JSON.stringify([...this.#positions].map(([path, { identity, offset }]) => [path, identity, offset])));
    renameSync(temporary, this.#statePath);
  }

  #look(): void {
    const paths = globSync([...this.#globs]).slice(0, MOST_FILES);
    if (this.#isFirstStart) {
      for (const path of paths) {
        const found = identify(path);
        if (found !== undefined && !this.#positions.has(path)) this.#positions.set(path, { identity: found.identity, offset: found.sizeBytes });
      }
    }
    for (const path of this.#positions.keys()) if (!paths.includes(path)) this.#positions.delete(path);
    this.#paths = paths;
  }

  #readFile(path: string): { lines: readonly string[]; bytes: number } {
    const nothing = { lines: [], bytes: 0 };
    const found = identify(path);
    if (found === undefined) return nothing;
    const before = this.#positions.get(path);
    // Another file under this name, or the same cut short: from the beginning, whatever it grows to before the next round.
    if (before !== undefined && (before.identity !== found.identity || found.sizeBytes < before.offset)) this.#positions.delete(path);
    const offset = this.#positions.get(path)?.offset ?? 0;
    if (found.sizeBytes === offset) return nothing;
    const length = this.#readAt(path, offset);
    if (length === 0) return nothing;
    const end = this.#buffer.lastIndexOf(NEW_LINE, length - 1) + 1;
    // No end of line yet: wait for it, unless the line is longer than any should be.
    const taken = end > 0 ? end : length >= LONGEST_LINE_BYTES ? length : 0;
    if (taken === 0) return nothing;
    this.#pending.set(path, { identity: found.identity, offset: offset + taken });
    const text = this.#buffer.toString('utf8', 0, end > 0 ? end - 1 : taken);
    return { lines: text.split('\n').map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line)), bytes: taken };
  }

  #readAt(path: string, offset: number): number {
    try {
      const descriptor = openSync(path, 'r');
      try {
        return readSync(descriptor, this.#buffer, 0, MOST_BYTES_OF_FILE, offset);
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      if (!this.#refused.has(path)) {
        this.#refused.add(path);
        this.#onRefused(path, error instanceof Error ? error.message : String(error));
      }
      return 0;
    }
  }
}

function identify(path: string): { readonly identity: string; readonly sizeBytes: number } | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat?.isFile() ? { identity: `${stat.dev}:${stat.ino}`, sizeBytes: stat.size } : undefined;
}

function readPositions(path: string): Map<string, Position> | undefined {
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8')) as [string, string, number][];
    return new Map(stored.map(([file, identity, offset]) => [file, { identity, offset }]));
  } catch {
    return undefined;
  }
}
