import { compressSync } from 'snappy';
import { printRate } from '../fixtures/cpu-time.ts';
import { NOW_MS, openRoute, postRequest, signalContext } from '../fixtures/delivery.ts';
import { NullSink } from '../fixtures/null-sink.ts';
import { encodePush } from './fixtures/messages.ts';
import { loki } from './receiver.ts';

// Lines per CPU-second that Loki's door decodes and rewrites as OTLP, into a sink that does nothing: 10 streams of 100 lines with two
// pairs of structured metadata each. Run: node packages/server/src/receive/loki/push-request.bench.ts

const STREAMS = 10;
const LINES = 100;
const PATH = '/loki/api/v1/push';
const metadata = { trace_id: '5b8efff798038103d269b633813fc60c', user: 'u-17' };

const streams = Array.from({ length: STREAMS }, (_, s) => ({
  labels: `{app="checkout-${s}", namespace="shop", pod="checkout-7d9f8b6c5d-x2v9p", container="checkout", level="info", stream="stdout"}`,
  entries: Array.from({ length: LINES }, (_unused, i) => ({ timeMs: NOW_MS, line: `order ${i} was paid by card after ${i % 300} ms`, metadata })),
}));
const json = {
  streams: streams.map(({ entries }, s) => ({ stream: { app: `checkout-${s}`, namespace: 'shop', level: 'info' }, values: entries.map(({ line }) => [`${NOW_MS}000000`, line, metadata]) })),
};

const route = openRoute(loki, signalContext({ logs: new NullSink() }), PATH);
const protobuf = postRequest(PATH, { 'content-type': 'application/x-protobuf' }, compressSync(Buffer.from(encodePush(streams))));
await printRate('loki, protobuf with snappy', 'lines', route, [protobuf], STREAMS * LINES, 300);
await printRate('loki, json', 'lines', route, [postRequest(PATH, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify(json)))], STREAMS * LINES, 200);
