import { DEFAULT_LIMITS } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import protobuf from 'protobufjs';
import { LogDecoder } from '../logs/log-decoder.ts';
import { SpanDecoder } from '../spans/span-decoder.ts';
import type { DecodedSignals } from './decoded-signals.ts';
import { Sequence } from './sequence.ts';
import { SourceRates } from './source-rates.ts';

// Log records and spans per CPU-second from OTLP protobuf to a Native block, without doors, spool and store. Requests of 1,000 records of one
// resource with 8 attributes, 10 attributes a record. Run: node packages/server/src/ingest/signals/decode.bench.ts

const NOW_MS = 1_768_478_400_000;
const RECORDS = 1000;
const WARM_ROUNDS = 60;
const ROUNDS = 50;
/** The best of so many groups of rounds counts: other processes can only slow it down. */
const GROUPS = 20;

const { root } = protobuf.parse(`
  syntax = "proto3";
  message AnyValue { oneof value { string s = 1; bool b = 2; int64 i = 3; double d = 4; } }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message Scope { string name = 1; string version = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message LogRecord {
    fixed64 time = 1; int32 severity = 2; string severity_text = 3; AnyValue body = 5; repeated KeyValue attributes = 6; fixed32 flags = 8;
    bytes trace_id = 9; bytes span_id = 10; fixed64 observed = 11;
  }
  message Event { fixed64 time = 1; string name = 2; repeated KeyValue attributes = 3; }
  message Status { string message = 2; int32 code = 3; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent = 4; string name = 5; int32 kind = 6; fixed64 start = 7; fixed64 end = 8;
    repeated KeyValue attributes = 9; repeated Event events = 11; Status status = 15;
  }
  message LogScope { Scope scope = 1; repeated LogRecord records = 2; }
  message SpanScope { Scope scope = 1; repeated Span records = 2; }
  message LogResource { Resource resource = 1; repeated LogScope scopes = 2; }
  message SpanResource { Resource resource = 1; repeated SpanScope scopes = 2; }
  message Logs { repeated LogResource resources = 1; }
  message Traces { repeated SpanResource resources = 1; }
`);

type Value = string | number | boolean;

function attributesOf(values: Readonly<Record<string, Value>>): object[] {
  return Object.entries(values).map(([key, value]) => {
    if (typeof value === 'string') return { key, value: { s: value } };
    return { key, value: typeof value === 'boolean' ? { b: value } : { i: value } };
  });
}

const nanoseconds = (timeMs: number): object => {
  const { lo: low, hi: high } = protobuf.util.LongBits.fromNumber(timeMs * 1e6);
  return { low, high, unsigned: true };
};
const id = (sizeBytes: number, seed: number): Buffer => Buffer.from(Array.from({ length: sizeBytes }, (_, i) => ((seed + 1) * (i + 7) * 2_654_435_761) >>> 13));

const resource = {
  attributes: attributesOf({
    'service.name': 'checkout',
    'service.namespace': 'shop',
    'service.instance.id': '6f0e3a50-0000-4000-8000-000000000001',
    'service.version': '1.42.0',
    'host.name': 'ip-10-0-0-17',
    'telemetry.sdk.language': 'nodejs',
    'deployment.environment.name': 'production',
    'k8s.pod.name': 'checkout-7d9f8b6c5d-x2v9p',
  }),
};
const attributes = (i: number): object[] =>
  attributesOf({
    'http.request.method': i % 2 === 0 ? 'GET' : 'POST',
    'http.response.status_code': 200 + (i % 5),
    'http.route': '/api/v1/things/{id}',
    'url.path': `/api/v1/things/${i}`,
    'url.scheme': 'https',
    'network.protocol.version': '1.1',
    'server.address': 'shop.example.com',
    'server.port': 443,
    'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    'client.address': `10.1.${i % 256}.17`,
  });

function encode(type: 'Logs' | 'Traces', record: (i: number) => object): Buffer {
  const records = Array.from({ length: RECORDS }, (_, i) => record(i));
  const message = { resources: [{ resource, scopes: [{ scope: { name: '@opentelemetry/instrumentation-http', version: '0.57.0' }, records }] }] };
  const Type = root.lookupType(type);
  return Buffer.from(Type.encode(Type.fromObject(message)).finish());
}

const logs = encode('Logs', (i) => ({
  time: nanoseconds(NOW_MS + i),
  observed: nanoseconds(NOW_MS + i),
  severity: 9,
  severityText: 'INFO',
  body: { s: `GET /api/v1/things/${i} answered 200 in ${i % 97} ms for user ${i * 31}` },
  attributes: attributes(i),
  flags: 1,
  traceId: id(16, i),
  spanId: id(8, i),
}));
const spans = encode('Traces', (i) => ({
  traceId: id(16, i >> 3),
  spanId: id(8, i),
  parent: id(8, i >> 1),
  name: 'GET /api/v1/things/{id}',
  kind: 2,
  start: nanoseconds(NOW_MS + i),
  end: nanoseconds(NOW_MS + i + (i % 50)),
  attributes: attributes(i),
  status: i % 20 === 0 ? { code: 2, message: 'it failed' } : {},
}));

function measure(name: string, request: Buffer, decode: () => DecodedSignals): void {
  for (let round = 0; round < WARM_ROUNDS; round++) {
    const { accepted, rejected } = decode();
    if (accepted !== RECORDS) throw new Error(`turned away: ${[...rejected].join(' ')}`);
  }
  let cpuSeconds = Infinity;
  for (let group = 0; group < GROUPS; group++) {
    const before = process.cpuUsage();
    // The spool gives the blocks back when they are stored.
    for (let round = 0; round < ROUNDS; round++) decode().blocks.forEach(({ bytes }) => releaseBytes(bytes));
    const { user, system } = process.cpuUsage(before);
    cpuSeconds = Math.min(cpuSeconds, (user + system) / 1e6);
  }
  const rate = Math.round((ROUNDS * RECORDS) / cpuSeconds).toLocaleString('en');
  const each = ((cpuSeconds * 1e6) / (ROUNDS * RECORDS)).toFixed(3);
  process.stdout.write(`${name}: ${rate} per CPU-second (${each} µs each, ${(request.length / RECORDS).toFixed(0)} bytes as sent)\n`);
}

const limits = { ...DEFAULT_LIMITS, log_bytes_per_second_per_source: 1e12 };
const logDecoder = new LogDecoder({ limits, windowMs: 1e12, rates: new SourceRates(limits), sequence: new Sequence() });
const minedDecoder = new LogDecoder({
  limits,
  windowMs: 1e12,
  rates: new SourceRates(limits),
  sequence: new Sequence(),
  miner: { patternOf: (_service, _severity, body) => BigInt(body.length), takeUpdates: () => [], putBack: () => {} },
});
const spanDecoder = new SpanDecoder({ limits, windowMs: 1e12 });
measure('log records', logs, () => logDecoder.decode(logs, { receiver: 'bench' }, NOW_MS));
measure('log records with the body as a string', logs, () => minedDecoder.decode(logs, { receiver: 'bench' }, NOW_MS));
measure('spans', spans, () => spanDecoder.decode(spans, NOW_MS));
