import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeDataDirectory } from './data-directory.ts';

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'pitot-lock-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** A process that takes the directory, says so, and stays. */
async function ownerProcess(directory: string): Promise<{ pid: number; kill(): Promise<void> }> {
  const script = `
    import { takeDataDirectory } from '${new URL('./data-directory.ts', import.meta.url)}';
    await takeDataDirectory(${JSON.stringify(directory)});
    console.log('taken');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((done) => child.stdout.once('data', done));
  return {
    pid: child.pid!,
    kill: () =>
      new Promise((done) => {
        child.once('exit', () => done());
        child.kill('SIGKILL');
      }),
  };
}

describe('takeDataDirectory', () => {
  it('refuses a second owner and names the first', async () => {
    const owner = await ownerProcess(scratch);
    try {
      await expect(takeDataDirectory(scratch)).rejects.toMatchObject({
        code: 'data_dir_locked',
        message: expect.stringContaining(`belongs to process ${owner.pid}`) as string,
      });
    } finally {
      await owner.kill();
    }
  });

  it('takes over from an owner that was killed', async () => {
    const owner = await ownerProcess(scratch);
    await owner.kill();
    const directory = await takeDataDirectory(scratch);
    expect(directory.path).toBe(scratch);
    directory.release();
  });

  it('can be taken again after release', async () => {
    (await takeDataDirectory(scratch)).release();
    const again = await takeDataDirectory(scratch);
    expect(again.path).toBe(scratch);
    again.release();
  });

  it('lets exactly one of several newcomers win over a dead owner', async () => {
    await (await ownerProcess(scratch)).kill();
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => takeDataDirectory(scratch)));
    const winners = results.filter((result) => result.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    winners[0]!.value.release();
  });

  it('works where the path is longer than a socket name may be', async () => {
    const deep = join(scratch, 'd'.repeat(90), 'e'.repeat(90));
    mkdirSync(deep, { recursive: true });
    const directory = await takeDataDirectory(deep);
    await expect(takeDataDirectory(deep)).rejects.toMatchObject({ code: 'data_dir_locked' });
    directory.release();
  });

  it('says what to do where the directory cannot be made', async () => {
    writeFileSync(join(scratch, 'file'), '');
    await expect(takeDataDirectory(join(scratch, 'file', 'data'))).rejects.toMatchObject({
      code: 'bad_config',
      message: expect.stringContaining('PITOT_DATA') as string,
    });
  });
});
