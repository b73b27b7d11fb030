import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export type Signal = 'metrics' | 'logs';

export interface WaitingBatch {
  readonly signal: Signal;
  readonly body: Uint8Array;
  readonly name: string;
}

const NAME = /^(\d{16})\.(metrics|logs)$/;

/** Batches that wait on disk for the server, in the order they were made; above the limit the oldest go. */
export class Outbox {
  readonly #directory: string;
  readonly #mostBytes: number;
  #names: { readonly name: string; readonly sizeBytes: number }[];
  #sizeBytes = 0;
  #sequence: number;

  constructor(directory: string, mostBytes: number) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#mostBytes = mostBytes;
    this.#names = readdirSync(directory)
      .filter((name) => NAME.test(name))
      .sort()
      .map((name) => ({ name, sizeBytes: statSync(join(directory, name)).size }));
    this.#sizeBytes = this.#names.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    this.#sequence = Number(this.#names.at(-1)?.name.slice(0, 16) ?? 0);
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get isEmpty(): boolean {
    return this.#names.length === 0;
  }

  /** Makes a batch durable; answers how many older ones had to go for it. */
  put(signal: Signal, body: Uint8Array): number {
    const name = `${String(++this.#sequence).padStart(16, '0')}.${signal}`;
    const temporary = join(this.#directory, `${name}.new`);
    const descriptor = openSync(temporary, 'w', 0o600);
    try {
      writeSync(descriptor, body);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, join(this.#directory, name));
    this.#names.push({ name, sizeBytes: body.length });
    this.#sizeBytes += body.length;
    let dropped = 0;
    for (; this.#sizeBytes > this.#mostBytes && this.#names.length > 1; dropped++) this.remove(this.#names[0]!.name);
    return dropped;
  }

  /** The oldest batch, or undefined. */
  oldest(): WaitingBatch | undefined {
    const first = this.#names[0];
    if (first === undefined) return undefined;
    return { name: first.name, signal: NAME.exec(first.name)![2] as Signal, body: readFileSync(join(this.#directory, first.name)) };
  }

  remove(name: string): void {
    const at = this.#names.findIndex((entry) => entry.name === name);
    if (at < 0) return;
    this.#sizeBytes -= this.#names[at]!.sizeBytes;
    this.#names.splice(at, 1);
    rmSync(join(this.#directory, name), { force: true });
  }
}
