import type { HealthAnswer, IngestMonitor, Limits, StatusAnswer } from '@pitot/core';
import type { ClickHouse } from '../store/clickhouse/clickhouse.ts';
import type { Postgres } from '../store/postgres/postgres.ts';

/** The spool is nearly full: doors are about to answer 429. */
const SPOOL_ALARM_SHARE = 0.9;
const CHECK_TIMEOUT_MS = 2000;

interface HealthOptions {
  readonly clickhouse: ClickHouse;
  readonly postgres: Postgres;
  readonly monitor: IngestMonitor;
}

interface StatusFacts {
  readonly version: string;
  readonly startedMs: number;
  readonly dataDirectory: string;
  readonly limits: Limits;
}

type Check = HealthAnswer['services'][string];

/** What `/health` and the status page say: each part asked, within two seconds. */
export function createHealth({ clickhouse, postgres, monitor }: HealthOptions) {
  async function answer(): Promise<HealthAnswer> {
    const [store, accounts] = await Promise.all([
      check(() => clickhouse.version(), `${clickhouse.kind} ClickHouse`),
      check(() => postgres.version(), `${postgres.kind} PostgreSQL`),
    ]);
    const spool = spoolCheck();
    const breaker = monitor.circuitBreaker();
    const behind = breaker !== 'CLOSED' || store.status !== 'up' || accounts.status !== 'up';
    return {
      status: spool.status === 'down' ? 'unhealthy' : behind ? 'degraded' : 'healthy',
      circuit_breaker: breaker,
      services: { clickhouse: store, postgres: accounts, spool },
    };
  }

  function spoolCheck(): Check {
    const { sizeBytes, limitBytes, records, lastError } = monitor.spool();
    const full = sizeBytes >= limitBytes * SPOOL_ALARM_SHARE;
    const load = `${records} batches, ${sizeBytes} of ${limitBytes} bytes wait for the store`;
    return { status: full ? 'down' : 'up', message: lastError && records > 0 ? `${load}; last error: ${lastError}` : load };
  }

  async function status({ version, startedMs, dataDirectory, limits }: StatusFacts): Promise<Omit<StatusAnswer, 'auth' | 'listeners'>> {
    const spool = monitor.spool();
    const unknown = () => 'not known: it does not answer';
    const [clickhouseVersion, postgresVersion] = await Promise.all([clickhouse.version().catch(unknown), postgres.version().catch(unknown)]);
    return {
      version,
      started: new Date(startedMs).toISOString(),
      data_directory: dataDirectory,
      stores: {
        clickhouse: { kind: clickhouse.kind, version: clickhouseVersion },
        postgres: { kind: postgres.kind, version: postgresVersion },
      },
      circuit_breaker: monitor.circuitBreaker(),
      spool: {
        size_bytes: spool.sizeBytes,
        limit_bytes: spool.limitBytes,
        records: spool.records,
        oldest_age_ms: spool.oldestAgeMs,
        last_error: spool.lastError,
      },
      active_series: monitor.activeSeries(),
      limits: Object.fromEntries(Object.entries(limits).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]]))),
    };
  }

  return { answer, status };
}

async function check(ask: () => Promise<string>, what: string): Promise<Check> {
  const { promise: late, resolve } = Promise.withResolvers<Check>();
  const timer = setTimeout(() => resolve({ status: 'down', message: `${what} did not answer in ${CHECK_TIMEOUT_MS} ms` }), CHECK_TIMEOUT_MS);
  const asked = ask().then(
    (version): Check => ({ status: 'up', message: `${what} ${version}` }),
    (error: unknown): Check => ({ status: 'down', message: error instanceof Error ? error.message : String(error) }),
  );
  const result = await Promise.race([asked, late]);
  clearTimeout(timer);
  return result;
}
