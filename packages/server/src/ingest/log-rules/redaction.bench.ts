import { makeCorpus } from '../log-patterns/fixtures/corpus.ts';
import { mayHoldSensitive } from './redact-prescan.ts';
import { createRedactor } from './redaction.ts';
import { logRulesSchema } from './schema.ts';

// Nanoseconds a line of the redaction, beside a loop that only reads every character; lines of the miner's corpus.
// Run: node packages/server/src/ingest/log-rules/redaction.bench.ts

const LINES = 5_000;
const ROUNDS = 40;

const bodies = makeCorpus(LINES, 11).map(({ body }) => body);
const ordinary = bodies.filter((body) => !mayHoldSensitive(body));
const looked = bodies.filter(mayHoldSensitive);
const redactor = createRedactor(logRulesSchema.parse({}).redact);
let sink = 0;

/** The best round: others share the machine. */
function nanosecondsEach(lines: readonly string[], work: (line: string) => number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint();
    for (const line of lines) sink += work(line);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / lines.length);
  }
  return Math.round(best);
}

function readOnly(line: string): number {
  let sum = 0;
  for (let i = 0; i < line.length; i++) sum += line.charCodeAt(i);
  return sum;
}

const characters = Math.round(bodies.reduce((sum, { length }) => sum + length, 0) / LINES);
process.stdout.write(
  `${characters} characters a line, ${((100 * ordinary.length) / LINES).toFixed(1)} % ordinary\n` +
    `reading every character: ${nanosecondsEach(bodies, readOnly)} ns a line\n` +
    `ordinary lines: ${nanosecondsEach(ordinary, (line) => redactor.text(line).length)} ns a line\n` +
    `lines looked at closely: ${nanosecondsEach(looked, (line) => redactor.text(line).length)} ns a line\n`,
);
if (sink === 0) process.exitCode = 1;
