import { TABLES, type TableName } from '@pitot/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClickHouse } from './clickhouse.ts';
import { samplesBlock, seriesBlock, testSeries } from './fixtures/metric-blocks.ts';
import { migrateClickHouse } from './migrate.ts';
import { createTelemetryWriter } from './telemetry-writer.ts';

const DAY_MS = 86_400_000;
const NOW_MS = Math.floor(Date.now() / DAY_MS) * DAY_MS;
const RETENTION = { retentionMs: 30 * DAY_MS };
const NASTY = ["it's", 'back\\slash', 'tab\tnew\nline', '"double"', '`tick`', '{x:String}', '; DROP TABLE metric_samples', 'ünïcödé 🚀', '\0nul', ''];

/** What every ClickHouse must do for us; run on chDB and on a server. */
export function clickHouseContract(name: string, open: () => Promise<ClickHouse>, close: () => Promise<void>): void {
  describe(`the ClickHouse contract on ${name}`, () => {
    let clickhouse: ClickHouse;
    const text = async (sql: string, params = {}) =>
      new TextDecoder().decode(await clickhouse.query(sql, { params, format: 'TabSeparated' })).trimEnd();
    const count = async (table: string) => Number(await text(`SELECT count() FROM ${table}`));

    beforeAll(async () => {
      clickhouse = await open();
      await migrateClickHouse(clickhouse, RETENTION);
    });
    afterAll(async () => {
      await clickhouse.close();
      await close();
    });

    it('tells its version', async () => {
      expect(await clickhouse.version()).toMatch(/^\d+\.\d+/);
    });

    it('migrates again without a change, and to another retention', async () => {
      const ddl = () => text("SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() AND name LIKE 'metric_%' ORDER BY name");
      const before = await ddl();
      await migrateClickHouse(clickhouse, RETENTION);
      expect(await ddl()).toBe(before);
      await migrateClickHouse(clickhouse, { retentionMs: 7 * DAY_MS });
      expect(await ddl()).toContain(`toIntervalSecond(${7 * 86_400})`);
      await migrateClickHouse(clickhouse, RETENTION);
      expect(await ddl()).toBe(before);
    });

    it('asks little of a store that has everything', async () => {
      const statements: string[] = [];
      const counting = new Proxy(clickhouse, {
        get(target, name) {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== 'function') return method;
          return (sql: string, ...rest: unknown[]): unknown => {
            statements.push(sql);
            return Reflect.apply(method, target, [sql, ...rest]);
          };
        },
      });
      await migrateClickHouse(counting, RETENTION);
      expect(statements).toHaveLength(3);
    });

    it('adds to tables of an earlier version the columns and indexes they lack', async () => {
      const ddl = () => text("SELECT name, create_table_query FROM system.tables WHERE database = currentDatabase() AND name LIKE 'metric_%' ORDER BY name");
      const before = await ddl();
      await clickhouse.command('ALTER TABLE metric_series DROP INDEX inserted_at');
      await clickhouse.command('ALTER TABLE metric_series DROP COLUMN inserted_at');
      await clickhouse.command('ALTER TABLE metric_samples DROP COLUMN value');
      await clickhouse.command('ALTER TABLE metric_histograms DROP COLUMN reset_hint');
      await migrateClickHouse(clickhouse, RETENTION);
      expect(await ddl()).toBe(before);
    });

    it('has the columns the doors send', async () => {
      for (const table of Object.keys(TABLES) as TableName[]) {
        const types = await text("SELECT name, replaceRegexpAll(type, 'LowCardinality\\\\((\\\\w+)\\\\)', '\\\\1') FROM system.columns WHERE database = currentDatabase() AND table = {table:String}", { table });
        const columns = new Map(types.split('\n').map((line) => line.split('\t') as [string, string]));
        for (const [column, type] of TABLES[table]) expect([table, column, columns.get(column)]).toEqual([table, column, type]);
      }
    });

    it('binds long lists', async () => {
      const ids = Array.from({ length: 100_000 }, (_, i) => 10_000_000_000_000_000_000n + BigInt(i));
      const names = Array.from({ length: 1000 }, (_, i) => NASTY[i % NASTY.length]!);
      const nasty = NASTY.join(' ').repeat(100);
      const sql = 'SELECT length({ids:Array(UInt64)}) AS ids, {ids:Array(UInt64)}[-1] AS last, {names:Array(String)} AS names, {nasty:String} AS nasty, {short:Int64} AS short';
      const bytes = await clickhouse.query(sql, {
        params: { ids, names, nasty, short: 7 },
        format: 'JSONEachRow',
        settings: { output_format_json_quote_64bit_integers: 1 },
      });
      expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual({ ids: String(ids.length), last: String(ids.at(-1)), names, nasty, short: '7' });
    });

    it('binds parameters whatever they hold', async () => {
      for (const value of NASTY) {
        const bytes = await clickhouse.query('SELECT {a:String} AS a, {b:Array(String)} AS b, {c:Array(UInt64)} AS c, {d:Int64} AS d', {
          params: { a: value, b: [value, value], c: [1n, 18_446_744_073_709_551_615n], d: -5 },
          format: 'JSONEachRow',
          settings: { output_format_json_quote_64bit_integers: 1 },
        });
        expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual({ a: value, b: [value, value], c: ['1', '18446744073709551615'], d: '-5' });
      }
    });

    it('keeps parameters and settings of queries that run at the same time apart', async () => {
      const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => text("SELECT {n:UInt32}, getSetting('max_block_size')", { n: i })));
      expect(new Set(answers.map((line) => line.split('\t')[0])).size).toBe(40);
    });

    it('stores each token once, and again under another', async () => {
      const writer = createTelemetryWriter(clickhouse);
      const one = testSeries(1, ['__name__', 'once_total', 'job', 'a']);
      const block = samplesBlock(Array.from({ length: 1000 }, (_, i) => [one, NOW_MS + (i % 3) * DAY_MS - 2 * DAY_MS + i, i / 10]));
      const before = await count('metric_samples');
      for (let i = 0; i < 3; i++) await writer.insert('metric_samples', [block, block.slice()], 'token-1');
      const stored = (await count('metric_samples')) - before;
      // Two equal blocks in one insert: their copies may already be gone.
      expect([1000, 2000]).toContain(stored);
      await writer.insert('metric_series', [seriesBlock([[one, NOW_MS]])], 'token-1');
      await writer.insert('metric_series', [seriesBlock([[one, NOW_MS]])], 'token-1');
      expect(await count('metric_series')).toBe(1);
    });

    it('gives every double back bit for bit', async () => {
      const bits = [0n, 1n << 63n, 0x7ff0000000000002n, 0x7ff8000000000001n, 0x7ff0000000000000n, 0xfff0000000000000n, 1n, 0x7fefffffffffffffn, 0x4340000000000000n];
      const numbers = [0.1, 0.2, 12.5, -12.25, 1e21, 1e-9, 123_456_789.123, 1 / 3, 2 ** 53, 2 ** 53 + 2, -(2 ** 63), 41_207, 1e15 + 0.5, 0.000123456789012345];
      const series = testSeries(2, ['__name__', 'doubles']);
      const values = [...bits, ...numbers];
      const samples = values.map((value, i) => [series, NOW_MS + i, value] as const);
      await createTelemetryWriter(clickhouse).insert('metric_samples', [samplesBlock(samples)], 'doubles');
      const answer = await text('SELECT reinterpretAsUInt64(value) FROM metric_samples WHERE series = {id:UInt64} ORDER BY timestamp', { id: series.id });
      const expected = values.map((value) => (typeof value === 'bigint' ? value : new BigUint64Array(Float64Array.of(value).buffer)[0]!));
      expect(answer.split('\n').map(BigInt)).toEqual(expected);
    });

    it('says what is wrong with a statement, and cannot be talked out of its limits', async () => {
      await expect(clickhouse.query('SELECT * FROM no_such_table')).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('no_such_table') });
      const greedy = clickhouse.query('SELECT groupArray(number) FROM numbers(100000000)', { settings: { max_memory_usage: 20_000_000 } });
      await expect(greedy).rejects.toMatchObject({ code: 'query_too_large', message: expect.stringContaining('clickhouse.memory_bytes') });
      const slow = clickhouse.query('SELECT max(sipHash64(number)) FROM numbers(100000000000)', { settings: { max_execution_time: 1 } });
      await expect(slow).rejects.toMatchObject({ code: 'query_timeout' });
    });

    it('gives large answers piece by piece, ends when left early or cancelled, and tells what failed in the middle', async () => {
      if (!clickhouse.queryBlocks) return;
      const numbers = 'SELECT number FROM numbers({n:UInt64})';
      let sizeBytes = 0;
      let pieces = 0;
      for await (const piece of clickhouse.queryBlocks(numbers, { params: { n: 300_000 } })) {
        sizeBytes += piece.length;
        pieces++;
      }
      expect(pieces).toBeGreaterThan(1);
      expect(sizeBytes).toBeGreaterThan(300_000 * 8);
      for await (const piece of clickhouse.queryBlocks(numbers, { params: { n: 1e12 } })) {
        expect(piece.length).toBeGreaterThan(0);
        break;
      }
      const abort = new AbortController();
      const drain = async (sql: string, signal?: AbortSignal) => {
        for await (const piece of clickhouse.queryBlocks!(sql, signal ? { signal } : {})) expect(piece.length).toBeGreaterThan(0);
      };
      setTimeout(() => abort.abort(), 50);
      await expect(drain('SELECT max(sipHash64(number)) FROM numbers(100000000000)', abort.signal)).rejects.toMatchObject({ code: 'canceled' });
      await expect(drain('SELECT throwIf(number = 2000000) FROM numbers(3000000)')).rejects.toThrow(/throwIf/);
      expect(await text('SELECT 2')).toBe('2');
    });

    it('ends at once when cancelled, and answers the next query', async () => {
      const abort = new AbortController();
      const running = clickhouse.query('SELECT max(sipHash64(number)) FROM numbers(100000000000)', { signal: abort.signal, settings: { max_execution_time: 5 } });
      setTimeout(() => abort.abort(), 50);
      await expect(running).rejects.toMatchObject({ code: 'canceled' });
      await expect(clickhouse.query('SELECT 1', { signal: abort.signal })).rejects.toMatchObject({ code: 'canceled' });
      expect(await text('SELECT 1')).toBe('1');
    });
  });
}
