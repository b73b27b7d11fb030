/**
 * Remote write, query latency and bytes on disk: Pitot beside Prometheus and VictoriaMetrics in one run.
 *
 *   node bench/metrics.ts [--rounds 3] [--samples-per-series 200] [--query-repeats 15]
 *
 * Prints medians and ratios. Needs the `prometheus` and `victoria-metrics` programs; says so and goes on without one.
 */
import { spawnSync } from 'node:child_process';
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, median, removeDirectory, residentBytes, startContestant, type Contestant, type ContestantName } from './contestants.ts';
import { INTERVAL_MS, remoteWriteBodies, SERIES_COUNT } from './remote-write-load.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    'samples-per-series': { type: 'string', default: '200' },
    'query-repeats': { type: 'string', default: '15' },
    settle: { type: 'string', default: '10' },
    only: { type: 'string', multiple: true },
  },
});
const rounds = Number(flags.rounds);
const samplesPerSeries = Number(flags['samples-per-series']);
const repeats = Number(flags['query-repeats']);
const settleMs = Number(flags.settle) * 1000;
const samples = samplesPerSeries * SERIES_COUNT;

const QUERIES: readonly (readonly [title: string, query: string])[] = [
  ['one series', 'bench_cpu_usage_ratio{instance="10.42.7.1:8080"}'],
  ['rate of one series', 'rate(bench_requests_0_total{instance="10.42.7.1:8080"}[5m])'],
  ['sum by (namespace) of rate, 1,000 series', 'sum by (namespace) (rate(bench_requests_0_total[5m]))'],
  ['the same over 10 metrics by regex, 10,000 series', 'sum by (namespace) (rate({__name__=~"bench_.*"}[5m]))'],
  ['topk of 1,000 series', 'topk(5, bench_queue_depth)'],
  ['histogram_quantile, 1,000 series', 'histogram_quantile(0.99, sum by (le, namespace) (rate(bench_latency_seconds_bucket[5m])))'],
  ['rate of all 10,000 series', 'rate({__name__=~"bench_.*"}[5m])'],
];

const names = (['prometheus', 'victoria-metrics', 'pitot'] as const).filter((name) => {
  if (flags.only && !flags.only.includes(name)) return false;
  const found = name === 'pitot' || spawnSync('which', [name]).status === 0;
  if (!found) console.warn(`${name} is not installed: left out`);
  return found;
});

interface Measured {
  readonly samplesPerCpuSecond: number;
  readonly samplesPerSecond: number;
  readonly residentBytes: number;
}

async function post(agent: Agent, contestant: Contestant, body: Buffer): Promise<void> {
  const status = await new Promise<number>((done, fail) => {
    const headers = {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
      'content-length': body.length,
    };
    const call = request(contestant.url + contestant.writePath, { method: 'POST', agent, headers }, (answer) => {
      answer.resume().on('end', () => done(answer.statusCode ?? 0));
    });
    call.on('error', fail).end(body);
  });
  if (status >= 300) throw new Error(`${contestant.name} answered ${status} to remote write`);
}

/** Four senders, as Prometheus' queue manager would have; each waits for its answer before it sends again. */
async function sendAll(contestant: Contestant, bodies: readonly Buffer[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const started = performance.now();
  // A barrier per timestamp keeps each series in order, which Prometheus demands.
  const perTimestamp = SERIES_COUNT / 1000;
  for (let from = 0; from < bodies.length; from += perTimestamp) {
    const waiting = bodies.slice(from, from + perTimestamp);
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let body = waiting.shift(); body; body = waiting.shift()) await post(agent, contestant, body);
      }),
    );
  }
  agent.destroy();
  return (performance.now() - started) / 1000;
}

async function measureWrite(contestant: Contestant, bodies: readonly Buffer[]): Promise<Measured> {
  await delay(2000);
  const before = cpuSeconds(contestant.pid);
  const seconds = await sendAll(contestant, bodies);
  await delay(settleMs);
  return {
    samplesPerCpuSecond: samples / (cpuSeconds(contestant.pid) - before),
    samplesPerSecond: samples / seconds,
    residentBytes: residentBytes(contestant.pid),
  };
}

async function measureQuery(contestant: Contestant, query: string, startMs: number, endMs: number): Promise<{ medianMs: number; series: number }> {
  const step = (endMs - startMs) / 199 / 1000;
  const parameters = new URLSearchParams({ query, start: String(startMs / 1000), end: String(endMs / 1000), step: String(step) });
  if (contestant.name === 'victoria-metrics') parameters.set('nocache', '1');
  const times: number[] = [];
  let series = 0;
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    const answer = await fetch(`${contestant.url}/api/v1/query_range?${parameters}`);
    const text = await answer.text();
    times.push(performance.now() - started);
    if (!answer.ok) throw new Error(`${contestant.name} answered ${answer.status} to ${query}: ${text.slice(0, 300)}`);
    series = (JSON.parse(text) as { data: { result: unknown[] } }).data.result.length;
  }
  return { medianMs: median(times), series };
}

/** Bytes on disk after the process has merged what it has and stopped. */
async function bytesPerSample(contestant: Contestant): Promise<number> {
  if (contestant.name === 'victoria-metrics') {
    await fetch(`${contestant.url}/internal/force_flush`);
    await fetch(`${contestant.url}/internal/force_merge`);
    await delay(3000);
  }
  await contestant.stop();
  if (contestant.name === 'pitot') {
    const merged = spawnSync(process.execPath, ['bench/merge-store.ts', contestant.directory], { encoding: 'utf8' });
    if (merged.status !== 0) throw new Error(merged.stderr);
    return Number(merged.stdout) / samples;
  }
  const { stdout } = spawnSync('du', ['-sb', contestant.directory], { encoding: 'utf8' });
  return Number(stdout.split('\t')[0]) / samples;
}

const writes = new Map<ContestantName, Measured[]>(names.map((name) => [name, []]));
const queries = new Map<string, Map<ContestantName, { medianMs: number; series: number }>>();
const sizes = new Map<ContestantName, number>();

for (let round = 1; round <= rounds; round++) {
  const endMs = Math.floor(Date.now() / INTERVAL_MS) * INTERVAL_MS;
  const startMs = endMs - (samplesPerSeries - 1) * INTERVAL_MS;
  const bodies = remoteWriteBodies(samplesPerSeries, startMs);
  const last = round === rounds;
  const running: Contestant[] = [];
  for (const name of names) {
    const contestant = await startContestant(name);
    writes.get(name)!.push(await measureWrite(contestant, bodies));
    if (last) running.push(contestant);
    else {
      await contestant.stop();
      removeDirectory(contestant);
    }
  }
  if (!last) continue;
  for (const [title, query] of QUERIES) {
    const row = new Map<ContestantName, { medianMs: number; series: number }>();
    for (const contestant of running) row.set(contestant.name as ContestantName, await measureQuery(contestant, query, startMs, endMs));
    queries.set(title, row);
  }
  for (const contestant of running) {
    sizes.set(contestant.name as ContestantName, await bytesPerSample(contestant));
    removeDirectory(contestant);
  }
}

const ours = (name: ContestantName, pick: (one: Measured) => number) => median((writes.get(name) ?? []).map(pick));
const ratio = (value: number, to: number) => `${(value / to).toFixed(2)}×`;

console.log(`\nRemote write, ${samples.toLocaleString('en')} samples of ${SERIES_COUNT.toLocaleString('en')} series, median of ${rounds}:`);
console.table(
  Object.fromEntries(
    names.map((name) => [
      name,
      {
        'samples per CPU-second': Math.round(ours(name, (one) => one.samplesPerCpuSecond)),
        'Pitot is': ratio(ours('pitot', (one) => one.samplesPerCpuSecond), ours(name, (one) => one.samplesPerCpuSecond)),
        'samples per second': Math.round(ours(name, (one) => one.samplesPerSecond)),
        'RSS MiB': Math.round(ours(name, (one) => one.residentBytes) / 2 ** 20),
        'bytes per sample': Number(sizes.get(name)?.toFixed(2)),
      },
    ]),
  ),
);
console.log(`Range queries, 200 steps, median of ${repeats} in ms (lower is better; the ratio is Pitot's time to theirs):`);
console.table(
  Object.fromEntries(
    [...queries].map(([title, row]) => {
      const pitot = row.get('pitot')?.medianMs ?? Number.NaN;
      const cells = [...row].map(([name, { medianMs }]) => [name, Number(medianMs.toFixed(1))]);
      const ratios = [...row].filter(([name]) => name !== 'pitot').map(([name, { medianMs }]) => [`to ${name}`, ratio(pitot, medianMs)]);
      const counts = new Set([...row.values()].map(({ series }) => series));
      return [title, { ...Object.fromEntries([...cells, ...ratios]), series: [...counts].join(' ≠ ') }];
    }),
  ),
);
