import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClickHouse } from '../clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../clickhouse/embedded.ts';
import { migrateClickHouse } from '../clickhouse/migrate.ts';
import { readRows } from '../metrics/exemplar-reading.ts';
import { insertSpans } from '../span-metrics/fixtures/spans.ts';
import { createEdgeJob } from './edge-job.ts';

const nothing = (): void => {};
const log: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

describe('probe', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pitot-edges-'));
  let clickhouse: ClickHouse;
  beforeAll(async () => {
    clickhouse = await openEmbeddedClickHouse({ path: directory, memoryBytes: 1e9, threads: 2, sessions: 2, log });
    await migrateClickHouse(clickhouse, { retentionMs: 30 * 86_400_000 });
  });
  afterAll(async () => {
    await clickhouse.close();
    rmSync(directory, { recursive: true });
  });

  it('works', async () => {
    const t = Date.now();
    await insertSpans(clickhouse, [
      { trace: 't', id: 'a', service: 'web', startMs: t, durationMs: 20, name: 'GET /users/123/0f8fad5b-d9cb-469f-a165-70867728950e v1' , resource: {'service.version': '1', 'deployment.environment': 'prod'} },
      { trace: 't', id: 'b', parent: 'a', service: 'web', kind: 'Client', startMs: t, durationMs: 20, attributes: {'server.address': 'cart', 'http.request.method': 'GET'} },
      { trace: 't', id: 'c', parent: 'b', service: 'cart', startMs: t, durationMs: 20 },
      { trace: 't', id: 'd', parent: 'c', service: 'cart', kind: 'Client', startMs: t, durationMs: 20, isError: true, attributes: {'db.system': 'postgresql', 'db.name': 'carts'} },
    ], 'x');
    for (const table of ['spans_recent']) console.log(table, JSON.stringify(await readRows(clickhouse, `SELECT * FROM ${table}`, {})));
    await createEdgeJob(clickhouse, { log, settleMs: 0, waitMs: 0 }).run(AbortSignal.timeout(10_000));
    for (const table of ['service_edges', 'service_edges_1h', 'job_windows']) console.log(table, JSON.stringify(await readRows(clickhouse, `SELECT * FROM ${table}`, {})));
    expect(1).toBe(1);
  });
});
