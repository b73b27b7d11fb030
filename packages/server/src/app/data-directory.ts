import { closeSync, mkdirSync, openSync, rmdirSync, statSync, unlinkSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError } from '@pitot/core';

const LOCK_NAME = 'owner.sock';
/** Made by the one process that may replace a dead owner's socket, and removed a moment later. */
const TAKEOVER_NAME = 'owner.takeover';
const TAKEOVER_POLL_MS = 20;
/** A takeover takes milliseconds; one this old was killed in the middle. */
const TAKEOVER_DEAD_MS = 5000;

export interface DataDirectory {
  readonly path: string;
  release(): void;
}

/**
 * Makes the data directory and takes it for this process, or throws AppError `data_dir_locked` that names the owner.
 *
 * The lock is a listening Unix socket in the directory: the kernel ends it with the process, however that dies, and it
 * works between containers that share a volume, where a process id says nothing.
 */
export async function takeDataDirectory(path: string): Promise<DataDirectory> {
  const directory = resolve(path);
  makeDirectory(directory);
  const handle = openSync(directory, 'r');
  const socketPath = shortPath(directory, handle);
  try {
    const server = (await listen(socketPath)) ?? (await replaceDeadOwner(socketPath, directory));
    return {
      path: directory,
      release() {
        server.close();
        closeSync(handle);
      },
    };
  } catch (error) {
    closeSync(handle);
    throw error;
  }
}

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('bad_config', `data directory ${directory} cannot be made (${reason}); set PITOT_DATA to a writable place`, { cause });
  }
}

/** Socket paths end at about 100 bytes; Linux reaches a deep directory through its open handle. */
function shortPath(directory: string, handle: number): string {
  const path = join(directory, LOCK_NAME);
  return path.length < 100 || process.platform !== 'linux' ? path : `/proc/self/fd/${handle}/${LOCK_NAME}`;
}

async function replaceDeadOwner(socketPath: string, directory: string): Promise<Server> {
  const takeover = join(directory, TAKEOVER_NAME);
  while (!beginTakeover(takeover)) await delay(TAKEOVER_POLL_MS);
  try {
    // Asked under the takeover: an owner that answers now, perhaps a newcomer that was faster, is not replaced.
    const owner = await askOwner(socketPath);
    if (owner !== undefined) throw locked(directory, owner);
    unlinkSync(socketPath);
    const server = await listen(socketPath);
    if (server === undefined) throw locked(directory, (await askOwner(socketPath)) ?? 'another process');
    return server;
  } finally {
    rmdirSync(takeover);
  }
}

/** Making a directory either succeeds or finds it there, for one process at a time. */
function beginTakeover(takeover: string): boolean {
  try {
    mkdirSync(takeover);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  try {
    if (Date.now() - statSync(takeover).mtimeMs > TAKEOVER_DEAD_MS) rmdirSync(takeover);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return false;
}

/** Answers undefined where the name is taken, by a living process or a dead one. */
function listen(socketPath: string): Promise<Server | undefined> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.on('error', () => {}).end(String(process.pid)));
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? done(undefined) : fail(error)));
    server.listen(socketPath, () => {
      server.unref();
      done(server);
    });
  });
}

/** Answers the living owner's process id, or undefined where nobody listens. */
function askOwner(socketPath: string): Promise<string | undefined> {
  return new Promise((done) => {
    let text = '';
    connect(socketPath)
      .setEncoding('utf8')
      .on('data', (chunk: string) => (text += chunk))
      .on('error', () => done(undefined))
      .on('close', () => done(text || undefined));
  });
}

function locked(directory: string, pid: string): AppError {
  return new AppError(
    'data_dir_locked',
    `data directory ${directory} belongs to process ${pid}; stop that one first, or set PITOT_DATA to another directory`,
    { fields: { directory, pid } },
  );
}
