import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { printRate } from '../fixtures/cpu-time.ts';
import { openRoute, postRequest, signalContext } from '../fixtures/delivery.ts';
import { NullSink } from '../fixtures/null-sink.ts';
import { zipkin } from './receiver.ts';

// Spans per CPU-second that Zipkin's door decodes and rewrites as OTLP, into a sink that does nothing: Brave's trace of four spans, 250
// times in one request. Run: node packages/server/src/receive/zipkin/span-list.bench.ts

const TRACES = 250;
const PATH = '/api/v2/spans';

const trace = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/brave-trace.json'), 'utf8')) as object[];
const spans = Array.from({ length: TRACES }, (_, i) => trace.map((span) => ({ ...span, traceId: (i + 1).toString(16).padStart(16, '5') }))).flat();
const route = openRoute(zipkin, signalContext({ spans: new NullSink() }), PATH);
await printRate('zipkin, json', 'spans', route, [postRequest(PATH, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify(spans)))], spans.length, 200);
