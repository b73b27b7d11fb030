import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { clickHouseContract } from './contract.ts';
import { openEmbeddedClickHouse } from './embedded.ts';
import { startBridge, type Bridge } from './fixtures/bridge-process.ts';
import { openClickHouseServer } from './server.ts';

const nothing = (): void => {};
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const embedded = mkdtempSync(join(tmpdir(), 'pitot-chdb-'));

clickHouseContract(
  'chDB',
  () => openEmbeddedClickHouse({ path: embedded, memoryBytes: 1e9, threads: 2, log }),
  async () => rmSync(embedded, { recursive: true }),
);

const served = mkdtempSync(join(tmpdir(), 'pitot-bridge-'));
let bridge: Bridge;
clickHouseContract(
  'a server',
  async () => {
    bridge = await startBridge(served);
    return openClickHouseServer({ url: bridge.url, log });
  },
  async () => {
    await bridge.stop();
    rmSync(served, { recursive: true });
  },
);

describe('a ClickHouse server that is not there', () => {
  it('is said to be unavailable, with the variable to check', async () => {
    await expect(openClickHouseServer({ url: 'http://127.0.0.1:1', log })).rejects.toMatchObject({
      code: 'store_unavailable',
      message: expect.stringContaining('PITOT_CLICKHOUSE_URL') as string,
    });
  });
});
