import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { freePort } from '../../../../core/src/fixtures/free-port.ts';
import { postgresContract } from './contract.ts';
import { openEmbeddedPostgres, openPostgresServer } from './postgres.ts';
import { SettingsTable } from './settings.ts';

const SERVER_BINARIES = ['18', '17', '16', '15'].map((version) => `/usr/lib/postgresql/${version}/bin`).find((path) => existsSync(path));

function scratchDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'pitot-postgres-'));
}

const embedded = scratchDirectory();
postgresContract('PGlite', () => openEmbeddedPostgres({ path: embedded }), async () => rmSync(embedded, { recursive: true }));

describe('PGlite', () => {
  it('has what was written after it is opened again', async () => {
    const path = scratchDirectory();
    const first = await openEmbeddedPostgres({ path });
    await first.migrate();
    await new SettingsTable(first).set('kept', 'yes');
    await first.close();
    const second = await openEmbeddedPostgres({ path });
    await second.migrate();
    expect(await new SettingsTable(second).get('kept')).toBe('yes');
    await second.close();
    rmSync(path, { recursive: true });
  });
});

describe('a PostgreSQL server that is not there', () => {
  it('is said to be unavailable, with the variable to check', async () => {
    await expect(openPostgresServer({ url: 'postgres://127.0.0.1:1/x' })).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('PITOT_POSTGRES_URL') as string,
    });
  });
});

if (SERVER_BINARIES === undefined) {
  const message = 'no PostgreSQL server is installed: the contract does not run on one';
  if (process.env['CI']) throw new Error(message);
  console.warn(`SKIPPED: ${message}`);
} else {
  const directory = scratchDirectory();
  // The server refuses to run as root, as which containers usually test.
  const asPostgres = process.getuid?.() === 0;
  const command = (program: string, args: readonly string[]) => {
    const path = join(SERVER_BINARIES, program);
    return asPostgres ? { file: 'setpriv', args: ['--reuid=postgres', '--regid=postgres', '--clear-groups', path, ...args] } : { file: path, args };
  };
  const run = (program: string, args: readonly string[]) => {
    const { file, args: all } = command(program, args);
    execFileSync(file, all, { stdio: ['ignore', 'ignore', 'inherit'], cwd: '/' });
  };
  const open = async () => {
    if (asPostgres) spawnSync('chown', ['postgres:postgres', directory]);
    const port = await freePort();
    run('initdb', ['--pgdata', directory, '--auth=trust', '--username=pitot', '--encoding=UTF8', '--no-sync']);
    run('pg_ctl', ['start', '--wait', '--silent', '--pgdata', directory, '--log', join(directory, 'log'), '--options', `-p ${port} -h 127.0.0.1 -k ${directory}`]);
    return openPostgresServer({ url: `postgres://pitot@127.0.0.1:${port}/postgres` });
  };
  const close = async () => {
    run('pg_ctl', ['stop', '--wait', '--silent', '--mode=fast', '--pgdata', directory]);
    rmSync(directory, { recursive: true });
  };
  postgresContract('a server', open, close);
}
