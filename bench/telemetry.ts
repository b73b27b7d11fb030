/**
 * Spans and log records through OTLP/HTTP protobuf: Pitot beside Jaeger (spans, on Badger) and Loki (logs, on disk) in one run.
 *
 *   node bench/telemetry.ts [--rounds 3] [--requests 600] [--settle 10] [--only spans|records]
 *
 * Prints medians per CPU-second and ratios. The rivals are the programs `jaeger` (all-in-one 1.x) and `loki` (3.x) on the PATH; without one it says so
 * and goes on. Everything that was sent is asked for again at the end: what a server does not have stored is said.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuSeconds, median, removeDirectory, residentBytes, pitotCommand, startCommand, type Command, type Contestant } from './contestants.ts';
import { logBodies, RECORDS_PER_REQUEST, SPANS_PER_REQUEST, traceBodies } from './telemetry-load.ts';

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, requests: { type: 'string', default: '600' }, settle: { type: 'string', default: '10' }, only: { type: 'string' } },
});
const rounds = Number(flags.rounds);
const requests = Number(flags.requests);
const settleMs = Number(flags.settle) * 1000;

const jaeger: Command = (directory, port, ...more) => ({
  command: 'jaeger',
  args: [
    `--collector.otlp.http.host-port=127.0.0.1:${port}`,
    `--collector.otlp.grpc.host-port=127.0.0.1:${more[0]}`,
    `--admin.http.host-port=127.0.0.1:${more[1]}`,
    `--query.http-server.host-port=127.0.0.1:${more[2]}`,
    `--query.grpc-server.host-port=127.0.0.1:${more[3]}`,
    `--collector.grpc-server.host-port=127.0.0.1:${more[4]}`,
    `--collector.http-server.host-port=127.0.0.1:${more[5]}`,
    // Its default queue of 2,000 spans would drop most of the load.
    '--collector.queue-size=2000000',
    '--badger.ephemeral=false',
    `--badger.directory-key=${directory}/key`,
    `--badger.directory-value=${directory}/value`,
    '--log-level=error',
  ],
  env: { SPAN_STORAGE_TYPE: 'badger' },
  writePath: '/v1/traces',
  readyPath: '/',
  readyPort: more[1]!,
});

const loki: Command = (directory, port, grpcPort) => {
  mkdirSync(join(directory, 'rules'), { recursive: true });
  const file = join(directory, 'loki.yaml');
  writeFileSync(
    file,
    `auth_enabled: false
server: { http_listen_address: 127.0.0.1, http_listen_port: ${port}, grpc_listen_address: 127.0.0.1, grpc_listen_port: ${grpcPort}, log_level: error, http_server_read_timeout: 60s, grpc_server_max_recv_msg_size: 104857600 }
common:
  path_prefix: ${directory}
  replication_factor: 1
  instance_addr: 127.0.0.1
  ring: { kvstore: { store: inmemory } }
  storage: { filesystem: { chunks_directory: ${directory}/chunks, rules_directory: ${directory}/rules } }
schema_config: { configs: [{ from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: { prefix: index_, period: 24h } }] }
limits_config: { ingestion_rate_mb: 10000, ingestion_burst_size_mb: 10000, per_stream_rate_limit: 10GB, per_stream_rate_limit_burst: 10GB, max_global_streams_per_user: 100000, allow_structured_metadata: true }
ingester: { lifecycler: { min_ready_duration: 0s } }
analytics: { reporting_enabled: false }
`,
  );
  return { command: 'loki', args: [`-config.file=${file}`], writePath: '/otlp/v1/logs', readyPath: '/ready' };
};

interface Kind {
  readonly title: string;
  readonly unit: string;
  readonly perRequest: number;
  readonly bodies: (nowMs: number, seed: number) => Buffer[];
  readonly contestants: Readonly<Record<string, Command>>;
  readonly stored: (contestant: Contestant) => Promise<string>;
}

const total = (metrics: string, line: RegExp): number => [...metrics.matchAll(line)].reduce((sum, [, value]) => sum + Number(value), 0);

const savedByJaeger = (metrics: string): number => total(metrics, /^jaeger_collector_spans_saved_by_svc_total\{.*result="ok".*\} (.+)$/gm);

const textOf = async (url: string): Promise<string> => (await fetch(url)).text();

const KINDS: readonly Kind[] = [
  {
    title: 'Spans',
    unit: 'spans',
    perRequest: SPANS_PER_REQUEST,
    bodies: (nowMs, seed) => traceBodies(requests, nowMs, seed),
    contestants: { pitot: pitotCommand('/v1/traces'), jaeger },
    stored: async ({ name, url, readyUrl }) => {
      if (name !== 'pitot') {
        const metrics = await textOf(`${readyUrl}/metrics`);
        return `${savedByJaeger(metrics)}, dropped ${total(metrics, /^jaeger_collector_spans_dropped_total(?:\{.*\})? (.+)$/gm)}`;
      }
      const query = new URLSearchParams({ start: '0', end: String(Date.now() + 60_000), limit: '1' });
      return String((JSON.parse(await textOf(`${url}/api/v1/traces?${query}`)) as { spans_found?: number }).spans_found);
    },
  },
  {
    title: 'Log records',
    unit: 'records',
    perRequest: RECORDS_PER_REQUEST,
    bodies: (nowMs, seed) => logBodies(requests, nowMs, seed),
    contestants: { pitot: pitotCommand('/v1/logs'), loki },
    stored: async ({ name, url }) => {
      const end = Date.now() + 600_000;
      if (name === 'pitot') {
        const query = new URLSearchParams({ start: String(end - 7_200_000), end: String(end) });
        return String((JSON.parse(await textOf(`${url}/api/v1/logs/histogram?${query}`)) as { total?: number }).total);
      }
      const query = new URLSearchParams({ query: 'sum(count_over_time({service_name=~".+"}[2h]))', time: String(end / 1000) });
      const answer = JSON.parse(await textOf(`${url}/loki/api/v1/query?${query}`)) as { data?: { result?: { value?: [number, string] }[] } };
      return answer.data?.result?.[0]?.value?.[1] ?? 'none';
    },
  },
];

async function post(agent: Agent, { name, url, writePath }: Contestant, body: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<[status: number, text: string]>();
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip', 'content-length': body.length };
  const call = request(url + writePath, { method: 'POST', agent, headers }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve([answer.statusCode ?? 0, Buffer.concat(chunks).toString()]));
  });
  call.on('error', reject).end(body);
  const [status, text] = await promise;
  if (status === 429 || status === 503) {
    await delay(200);
    return post(agent, { name, url, writePath } as Contestant, body);
  }
  if (status >= 300) throw new Error(`${name} answered ${status}: ${text.slice(0, 300)}`);
}

async function sendAll(contestant: Contestant, bodies: readonly Buffer[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const waiting = [...bodies];
  const started = performance.now();
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let body = waiting.shift(); body; body = waiting.shift()) await post(agent, contestant, body);
    }),
  );
  agent.destroy();
  return (performance.now() - started) / 1000;
}

/** Pitot and Jaeger answer before they store: what they still have to do is part of the price. Loki keeps chunks in memory, as it does in production. */
async function untilStored({ name, readyUrl }: Contestant, count: number): Promise<void> {
  if (name === 'loki') return;
  for (let tries = 0; tries < 180; tries++) {
    const metrics = await textOf(`${readyUrl}/metrics`);
    if (name === 'pitot' ? total(metrics, /^pitot_spool_bytes (.+)$/gm) < 1_000_000 : savedByJaeger(metrics) >= count) return;
    await delay(1000);
  }
  console.warn(`${name} has not stored everything in three minutes`);
}

for (const kind of KINDS.filter(({ unit }) => flags.only === undefined || flags.only === unit)) {
  const names = Object.keys(kind.contestants).filter((name) => {
    const found = name === 'pitot' || spawnSync('which', [name]).status === 0;
    if (!found) console.warn(`${name} is not installed: left out`);
    return found;
  });
  const measured = new Map<string, { perCpuSecond: number; perSecond: number; mib: number; stored: string; bytes: number }[]>(names.map((name) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    const bodies = kind.bodies(Date.now(), round);
    for (const name of names) {
      const contestant = await startCommand(name, kind.contestants[name]!);
      await delay(2000);
      const before = cpuSeconds(contestant.pid);
      const seconds = await sendAll(contestant, bodies);
      const count = requests * kind.perRequest;
      await untilStored(contestant, count);
      await delay(settleMs);
      const cpu = cpuSeconds(contestant.pid) - before;
      const mib = residentBytes(contestant.pid) / 2 ** 20;
      const stored = await kind.stored(contestant);
      await contestant.stop();
      const { stdout } = spawnSync('du', ['-sb', contestant.directory], { encoding: 'utf8' });
      measured.get(name)!.push({ perCpuSecond: count / cpu, perSecond: count / seconds, mib, stored, bytes: Number(stdout.split('\t')[0]) / count });
      removeDirectory(contestant);
    }
  }
  const middle = (name: string, pick: (one: { perCpuSecond: number; perSecond: number; mib: number; bytes: number }) => number) => median(measured.get(name)!.map(pick));
  console.log(`\n${kind.title}: ${(requests * kind.perRequest).toLocaleString('en')} in OTLP/HTTP protobuf with gzip, median of ${rounds}:`);
  console.table(
    Object.fromEntries(
      names.map((name) => [
        name,
        {
          [`${kind.unit} per CPU-second`]: Math.round(middle(name, (one) => one.perCpuSecond)),
          'Pitot is': `${(middle('pitot', (one) => one.perCpuSecond) / middle(name, (one) => one.perCpuSecond)).toFixed(2)}×`,
          [`${kind.unit} per second`]: Math.round(middle(name, (one) => one.perSecond)),
          'RSS MiB': Math.round(middle(name, (one) => one.mib)),
          'bytes each on disk': Math.round(middle(name, (one) => one.bytes)),
          stored: measured.get(name)!.at(-1)!.stored,
        },
      ]),
    ),
  );
}
