import { ExpositionParser } from './exposition-parser.ts';
import { resolveJobs, scrapeConfigsSchema } from './config.ts';
import { targetsOf } from './target.ts';
import { TargetSeries } from './target-series.ts';

/** Prints lines per second: parsing every label, and the steady target that knows its series. `node exposition-parser.bench.ts` */
const SERIES = 10_000;
const ROUNDS = 40;

function body(round: number): string {
  let text = '# HELP http_requests_total Requests.\n# TYPE http_requests_total counter\n';
  for (let i = 0; i < SERIES; i++) {
    text += `http_requests_total{method="GET",code="200",handler="/api/v1/things/${i}",pod="shop-7c9d8f-${i % 50}",zone="eu-1"} ${round * 17 + i}.25\n`;
  }
  return text;
}

const bodies = Array.from({ length: ROUNDS }, (_, round) => body(round));
// Joined strings are flattened at first use; a body from the network is flat already.
for (const text of bodies) text.charCodeAt(text.length - 1);

function report(name: string, cpuMicroseconds: number): void {
  const lines = SERIES * ROUNDS;
  process.stdout.write(`${name}: ${Math.round(lines / (cpuMicroseconds / 1e6)).toLocaleString('en')} lines per CPU-second\n`);
}

function everyLabel(): number {
  const before = process.cpuUsage();
  for (const text of bodies) {
    const parser = new ExpositionParser(text, 'text');
    for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
      if (kind === 'comment') parser.readComment();
      else {
        parser.scanSeries();
        parser.seriesPairs();
        parser.readValue();
      }
    }
  }
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function steady(): number {
  let handles = 0;
  const ignore = () => {};
  const batch = {
    accepted: 0,
    addFloat: ignore,
    addStale: ignore,
    addHistogram: ignore,
    addExemplar: ignore,
    rejectExemplars: ignore,
    addMetadata: ignore,
    reject: ignore,
    commit: async () => ({ accepted: 0, rejected: 0, exemplars: { accepted: 0, rejected: 0 }, reasons: {} }),
  };
  const sink = { epoch: 1, intern: () => handles++, begin: () => batch };
  const [job] = resolveJobs(scrapeConfigsSchema.parse({ scrape_configs: [{ job_name: 'bench' }] }));
  const [target] = targetsOf(job!, [{ targets: ['127.0.0.1:1'], labels: {} }]).targets;
  const series = new TargetSeries(sink, target!, job!);
  series.add(batch, { text: bodies[0]!, dialect: 'text' }, 0);
  series.committed();
  const before = process.cpuUsage();
  for (const text of bodies) {
    series.add(batch, { text, dialect: 'text' }, 0);
    series.committed();
  }
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

everyLabel();
report('every label parsed', everyLabel());
steady();
report('steady target', steady());
