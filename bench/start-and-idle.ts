/**
 * From the command to the first chart with real data, then what an idle server uses.
 *
 *   node bench/start-and-idle.ts [--idle 60]
 */
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { cpuSeconds, removeDirectory, residentBytes, startContestant } from './contestants.ts';

const { values: flags } = parseArgs({ options: { idle: { type: 'string', default: '60' } } });
const idleSeconds = Number(flags.idle);

const started = performance.now();
const pitot = await startContestant('pitot');
const readyMs = performance.now() - started;
let chartMs = 0;
while (chartMs === 0) {
  const now = Date.now() / 1000;
  const query = new URLSearchParams({ query: 'system_cpu_load_average_1m', start: String(now - 60), end: String(now), step: '1' });
  const answer = (await (await fetch(`${pitot.url}/api/v1/query_range?${query}`)).json()) as { data?: { result: unknown[] } };
  if ((answer.data?.result.length ?? 0) > 0) chartMs = performance.now() - started;
  else await delay(20);
}
console.log(`start to answering: ${(readyMs / 1000).toFixed(2)} s; to the first chart of this host: ${(chartMs / 1000).toFixed(2)} s`);

await delay(20_000);
const before = cpuSeconds(pitot.pid);
await delay(idleSeconds * 1000);
const share = (cpuSeconds(pitot.pid) - before) / idleSeconds;
console.log(`idle over ${idleSeconds} s (its own host collected): ${(share * 100).toFixed(2)} % of a core, ${Math.round(residentBytes(pitot.pid) / 2 ** 20)} MiB resident`);
await pitot.stop();
removeDirectory(pitot);
