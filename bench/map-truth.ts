/**
 * The map against the truth: `node bench/map-truth.ts [--services 24,60] [--minutes 20] [--seed 7]`.
 *
 * A simulated cloud sends its traces to the real program; then every edge of the map is compared with the simulator's plan. An edge that could
 * not occur (its callers sent no span in the time) is named, not counted as missed. Prints found, missed and invented.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { TopologyAnswer } from '../packages/core/src/api/services.ts';
import { writeTracesRequest } from '../packages/core/src/otlp-writer.ts';
import { createSimulation, type Truth } from '../packages/simulator/src/index.ts';
import { pitotCommand, removeDirectory, startCommand } from './contestants.ts';

const { values: flags } = parseArgs({
  options: { services: { type: 'string', default: '24,60' }, minutes: { type: 'string', default: '20' }, seed: { type: 'string', default: '7' }, rate: { type: 'string', default: '20' } },
});
const MINUTE_MS = 60_000;
/** Third parties are told from services that are silent only after a minute. */
const SETTLE_MS = 100_000;

async function send(url: string, body: Uint8Array): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

/** Edges by the names of the truth: the map names a database by its namespace or address, the plan by its own name. */
function named(map: TopologyAnswer, truth: Truth): Set<string> {
  const byAddress = new Map<string, string>();
  for (const node of [...truth.services, ...truth.others]) {
    for (const name of [node.name, node.address, node.namespace, node.address.split(':')[0] ?? '']) if (name !== '' && node.type !== 'service') byAddress.set(`${node.type}:${name}`, node.id);
    byAddress.set(node.id, node.id);
  }
  const nodes = new Map(map.nodes.map((node) => [node.id, byAddress.get(node.id) ?? byAddress.get(`${node.type}:${node.name.split(/[/@]/).at(-1)}`) ?? node.id]));
  return new Set(map.edges.map(({ source, target }) => `${nodes.get(source)}→${nodes.get(target)}`));
}

for (const services of flags.services.split(',').map(Number)) {
  const contestant = await startCommand('pitot', pitotCommand('/v1/traces'));
  const endMs = Math.floor(Date.now() / 1000) * 1000;
  const startMs = endMs - Number(flags.minutes) * MINUTE_MS;
  const simulation = createSimulation({ seed: Number(flags.seed), services, rate: Number(flags.rate), startMs });
  let spans = 0;
  for (let atMs = startMs; atMs < endMs; atMs += 5000) {
    const { spans: groups } = simulation.advance(atMs + 5000);
    spans += groups.reduce((sum, { records }) => sum + records.length, 0);
    if (groups.length > 0) await send(`${contestant.url}${contestant.writePath}`, writeTracesRequest(groups));
  }
  await delay(SETTLE_MS);
  const query = new URLSearchParams({ start: String(startMs - MINUTE_MS), end: String(Date.now() + MINUTE_MS) });
  const started = performance.now();
  const map = (await (await fetch(`${contestant.url}/api/v1/topology?${query}`)).json()) as TopologyAnswer;
  const tookMs = performance.now() - started;
  const truth = simulation.truth();
  const found = named(map, truth);
  const wanted = new Set(truth.edges.map(({ source, target }) => `${source}→${target}`));
  const missed = [...wanted].filter((edge) => !found.has(edge));
  const invented = [...found].filter((edge) => !wanted.has(edge));
  console.log(`${services} services, ${spans.toLocaleString('en')} spans of ${flags.minutes} minutes: ${wanted.size - missed.length} of ${wanted.size} edges found, ${invented.length} invented; the map took ${tookMs.toFixed(0)} ms`);
  for (const edge of missed) console.log(`  missed    ${edge}`);
  for (const edge of invented) console.log(`  invented  ${edge}`);
  await contestant.stop();
  removeDirectory(contestant);
}
