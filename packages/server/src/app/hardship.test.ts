import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually, PitotProcess } from './fixtures/pitot-process.ts';

let scratch: string;
let pitot: PitotProcess | undefined;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'pitot-hardship-'));
});
afterEach(async () => {
  await pitot?.end('SIGKILL');
  pitot = undefined;
  rmSync(scratch, { recursive: true, force: true });
});

async function startWith(yaml: string): Promise<PitotProcess> {
  const file = join(scratch, 'pitot.yaml');
  writeFileSync(file, yaml);
  pitot = await PitotProcess.start(join(scratch, 'data'), { PITOT_CONFIG: file });
  return pitot;
}

interface Receipt {
  accepted: number;
  rejected: number;
  reasons: Record<string, number>;
}

describe('limits of a running Pitot', () => {
  it('turns new series away at the limit, says which limit, and keeps those it has', async () => {
    const server = await startWith('limits: {active_series: 2000, label_value_length: 100}\nhost: {enabled: false}\n');
    const flood = (from: number) =>
      Array.from({ length: 1000 }, (_, i) => ({ service_name: 'flood', metric_type: 'flood', value: 1, metadata: { id: `${from + i}` } }));
    const receipts: Receipt[] = [];
    for (let from = 0; from < 5000; from += 1000) receipts.push((await (await server.post('/metrics', flood(from))).json()) as Receipt);
    const rejected = receipts.reduce((sum, receipt) => sum + (receipt.reasons['active_series_limit'] ?? 0), 0);
    const accepted = receipts.reduce((sum, receipt) => sum + receipt.accepted, 0);
    expect(accepted + rejected).toBe(5000);
    expect(accepted).toBeLessThanOrEqual(2000);
    expect(accepted).toBeGreaterThan(1000);
    const again = (await (await server.post('/metrics', flood(0))).json()) as Receipt;
    expect(again).toMatchObject({ accepted: 1000, rejected: 0 });
    const own = await (await fetch(`${server.url}/metrics`)).text();
    expect(own).toMatch(/pitot_ingest_rejected_total\{[^}]*reason="active_series_limit"[^}]*\} \d/);
    expect(server.output).toContain('limits.active_series');
  });

  it('takes what is good of a request that has a megabyte of label value in it', async () => {
    const server = await startWith('host: {enabled: false}\n');
    const answer = await server.post('/metrics', [
      { service_name: 'a', metric_type: 'good', value: 1 },
      { service_name: 'a', metric_type: 'huge', value: 1, metadata: { stack: 'x'.repeat(1_000_000) } },
    ]);
    expect(await answer.json()).toMatchObject({ accepted: 1, rejected: 1, reasons: { label_value_too_long: 1 } });
    await eventually(async () => expect(await server.instant('good')).toHaveLength(1));
    expect(await server.instant('huge')).toEqual([]);
  });

  it('refuses bodies over the limit by name and value, and goes on', async () => {
    const server = await startWith('limits: {body_bytes: 10000}\nhost: {enabled: false}\n');
    const answer = await server.post('/metrics', { service_name: 'a', metric_type: 'x'.repeat(20_000), value: 1 });
    expect(answer.status).toBe(413);
    const text = await answer.text();
    expect(text).toContain('limits.body_bytes');
    expect(text).toContain('10000');
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
  });
});

describe('queries that ask for too much', () => {
  it('name the limit they hit', async () => {
    const server = await startWith('limits: {query_max_points: 100}\nhost: {enabled: false}\n');
    const answer = await fetch(`${server.url}/api/v1/query_range?query=up&start=0&end=100000&step=1`);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ status: 'error', errorType: 'bad_data' });
  });
});

describe('a full disk', () => {
  const SIZE_BYTES = 192 * 1024 * 1024;

  /** Mounts a small tmpfs; answers false where this user may not. */
  function mountSmall(directory: string): boolean {
    mkdirSync(directory);
    return spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_BYTES}`, 'tmpfs', directory]).status === 0;
  }

  it('stops acknowledging, stays up, and takes data again when there is space', async ({ skip }) => {
    const disk = join(scratch, 'disk');
    if (!mountSmall(disk)) {
      console.warn('SKIPPED: mounting a small tmpfs is not permitted here, so the disk was not filled');
      skip();
    }
    try {
      const server = await PitotProcess.start(join(disk, 'data'));
      pitot = server;
      let id = 0;
      let acknowledged = 0;
      const send = async (): Promise<Response> => {
        const rows = Array.from({ length: 500 }, () => ({ service_name: 'disk', metric_type: 'kept', value: 1, metadata: { id: `${id++}`, pad: 'p'.repeat(200) } }));
        const answer = await server.post('/metrics', rows);
        if (answer.ok) acknowledged += ((await answer.json()) as Receipt).accepted;
        return answer;
      };
      expect((await send()).ok).toBe(true);

      const filler = join(disk, 'filler');
      const { bavail, bsize } = statfsSync(disk);
      writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 1024 * 1024)));
      let refused: Response | undefined;
      for (let tries = 0; tries < 200 && !refused; tries++) {
        const answer = await send();
        if (!answer.ok) refused = answer;
      }
      expect([429, 503]).toContain(refused?.status);
      expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);

      truncateSync(filler, 0);
      await eventually(async () => expect((await send()).ok).toBe(true));
      await eventually(async () => {
        const [row] = await server.instant('count(kept)');
        expect(Number(row?.value[1])).toBe(acknowledged);
      });
      expect(await server.end('SIGTERM')).toBe(0);
    } finally {
      await pitot?.end('SIGKILL');
      spawnSync('umount', [disk]);
    }
  });
});
