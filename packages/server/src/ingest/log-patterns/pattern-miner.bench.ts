import { logRulesSchema } from '../log-rules/schema.ts';
import { groupingAccuracy, makeCorpus, CORPUS_TEMPLATES } from './fixtures/corpus.ts';
import { TemplateMiner } from './pattern-miner.ts';

// Lines per CPU-second through the miner, and how well it groups them: about two hundred templates over four services with access logs, JSON lines and stack traces.
// Run: node packages/server/src/ingest/log-patterns/pattern-miner.bench.ts

const LINES = 200_000;
const ROUNDS = 5;
const NOW_MS = Date.parse('2026-11-21T12:00:00Z');

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => log };
const meter = { counter: () => ({ inc: quiet }), gauge: () => ({ set: quiet }), observe: quiet, histogram: () => ({ observe: quiet }) };

function freshMiner(): TemplateMiner {
  return new TemplateMiner({ settings: logRulesSchema.parse({}).patterns, clock: { nowMs: () => NOW_MS }, meter, log });
}

const lines = makeCorpus(LINES, 11);
const rates = Array.from({ length: ROUNDS }, () => {
  const miner = freshMiner();
  const start = process.cpuUsage();
  for (const { service, body } of lines) miner.patternOf(service, 9, body, NOW_MS);
  const { user, system } = process.cpuUsage(start);
  return LINES / ((user + system) / 1e6);
});
const miner = freshMiner();
const groups = lines.map(({ service, body }) => miner.patternOf(service, 9, body, NOW_MS));
const sizeBytes = lines.reduce((sum, { body }) => sum + body.length, 0) / LINES;
process.stdout.write(
  `${Math.round(Math.max(...rates)).toLocaleString('en')} lines per CPU-second (best of ${ROUNDS}; ${Math.round(sizeBytes)} characters a line)\n` +
    `${miner.size} templates found of ${CORPUS_TEMPLATES}, grouping accuracy ${groupingAccuracy(lines, groups).toFixed(4)}\n`,
);
