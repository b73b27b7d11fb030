import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { receiverConformance } from '../conformance.ts';
import { deliver, NOW_MS, openRoute, postRequest, signalContext, type Delivered } from '../fixtures/delivery.ts';
import type { TakenRecord } from '../fixtures/otlp-messages.ts';
import { SignalMemory } from '../fixtures/signal-memory.ts';
import { zipkin } from './receiver.ts';

const PATH = '/api/v2/spans';
const JSON_TYPE = 'application/json';
const IDS = { traceId: '463ac35c9f6413ad48485a3953bb6124', id: 'a2fb4a1d1a96d312' };

const bodyOf = (spans: unknown): Buffer => Buffer.from(JSON.stringify(spans));
const malformed = (name: string, change: object, says: RegExp) => ({ name, payload: bodyOf([{ ...IDS, ...change }]), says });

receiverConformance({
  receiver: zipkin,
  path: PATH,
  signal: 'traces',
  contentType: JSON_TYPE,
  encodings: ['identity', 'gzip', 'deflate'],
  payload: (count, timeMs) => bodyOf(Array.from({ length: count }, (_, i) => ({ ...IDS, id: (i + 1).toString(16), name: 'get', timestamp: timeMs * 1000, duration: 5 }))),
  malformed: [
    { name: 'text', payload: Buffer.from('[nonsense]'), says: /not JSON: .*nonsense/ },
    { name: 'an object', payload: Buffer.from('{}'), says: /the body is not an array/ },
    { name: 'a span that is none', payload: bodyOf([1]), says: /\[0\] is not an object/ },
    malformed('an id that is not hexadecimal', { id: 'xyz' }, /\[0\]\.id is not a hexadecimal id/),
    malformed('an id that is too long', { traceId: '1'.repeat(33) }, /\[0\]\.traceId is not a hexadecimal id of at most 32/),
    malformed('no trace', { traceId: null }, /\[0\]\.traceId is not/),
    malformed('an unknown kind', { kind: 'SIDEWAYS' }, /\[0\]\.kind is not one of CLIENT/),
    malformed('a time that is text', { timestamp: 'now' }, /\[0\]\.timestamp is not a number of microseconds/),
    malformed('a negative duration', { duration: -1 }, /\[0\]\.duration is not a number/),
    malformed('a time without end', { timestamp: 1e300 }, /\[0\]\.timestamp is not a number/),
    malformed('a deep tag', { tags: { a: {} } }, /\[0\]\.tags\.a is not a string/),
    malformed('an annotation without a time', { annotations: [{ value: 'a' }] }, /\[0\]\.annotations\[0\]\.timestamp is not/),
    malformed('a port that is none', { remoteEndpoint: { port: 70_000 } }, /\[0\]\.remoteEndpoint\.port is not a port/),
    { name: 'bytes that are not UTF-8', payload: Buffer.from([0x22, 0xff, 0x22]), says: /UTF-8/ },
  ],
  emptyStatus: 400,
  everyCutIsMalformed: true,
  rejectedOf: ({ text }: Delivered) => (JSON.parse(text) as { rejected: number }).rejected,
});

async function taken(body: Uint8Array): Promise<TakenRecord[]> {
  const sink = new SignalMemory('traces');
  const answer = await deliver(openRoute(zipkin, signalContext({ spans: sink }), PATH), postRequest(PATH, { 'content-type': JSON_TYPE }, body));
  expect([answer.status, answer.text]).toEqual([202, '']);
  return sink.records;
}

const one = async (change: object): Promise<TakenRecord> => (await taken(bodyOf([{ ...IDS, ...change }])))[0]!;

describe('a trace as Brave reports it', () => {
  it('becomes one tree of spans, each with an id of its own', async () => {
    const spans = await taken(readFileSync(join(import.meta.dirname, 'fixtures/brave-trace.json')));
    const [root, client, server, local] = ['get / frontend', 'get /api frontend', 'get /api backend', 'price backend'].map(
      (wanted) => spans.find(({ name, resource }) => `${String(name)} ${String(resource['service.name'])}` === wanted)!,
    );
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set(['0000000000000000d41d8cd98f00b204']));
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4);
    expect(root).not.toHaveProperty('parentSpanId', expect.stringMatching(/./));
    expect([client!['parentSpanId'], server!['parentSpanId'], local!['parentSpanId']]).toEqual([root!['spanId'], client!['spanId'], server!['spanId']]);
    expect([root, client, server, local].map((span) => span!['kind'])).toEqual([2, 3, 2, 1]);
    expect(client).toMatchObject({
      startTimeUnixNano: '1767323045123456000',
      endTimeUnixNano: '1767323045330456000',
      attributes: {
        'http.method': 'GET',
        'http.path': '/api',
        'peer.service': 'backend',
        'network.peer.address': '172.17.0.14',
        'network.peer.port': 9000,
        'server.address': '172.17.0.14',
        'server.port': 9000,
        'network.local.address': '172.17.0.13',
      },
      events: [
        { timeUnixNano: '1767323045124000000', name: 'ws' },
        { timeUnixNano: '1767323045329000000', name: 'wr' },
      ],
    });
    expect(server).toMatchObject({
      status: { code: 2, message: 'java.lang.IllegalStateException: out of stock' },
      attributes: { 'client.address': '2001:db8::c001', 'client.port': 63842, 'http.status_code': '500', error: 'java.lang.IllegalStateException: out of stock' },
    });
  });
});

describe('a Zipkin span', () => {
  it.each([
    [{}, undefined],
    [{ error: 'false' }, undefined],
    [{ error: 'true' }, { code: 2, message: undefined }],
    [{ error: '' }, { code: 2, message: undefined }],
    [{ error: 'timeout' }, { code: 2, message: 'timeout' }],
    [{ 'otel.status_code': 'ERROR', 'otel.status_description': 'late' }, { code: 2, message: 'late' }],
    [{ 'otel.status_code': 'OK', error: 'x' }, { code: 1, message: undefined }],
  ])('with the tags %j has the status %j', async (tags, status) => {
    const { status: taken } = await one({ tags });
    expect(taken === undefined ? undefined : { message: undefined, ...(taken as object) }).toEqual(status);
  });

  it('without a time is as old as its first annotation, or has just come', async () => {
    const annotations = [{ timestamp: 9, value: 'b' }, { timestamp: 7, value: 'a' }];
    expect(await one({ annotations })).toMatchObject({ startTimeUnixNano: '7000', endTimeUnixNano: '7000' });
    expect(await one({ duration: 1 })).toMatchObject({ startTimeUnixNano: `${NOW_MS}000000`, endTimeUnixNano: `${NOW_MS}001000` });
  });

  it('names its peer by the service where it has no address', async () => {
    expect((await one({ kind: 'CLIENT', remoteEndpoint: { serviceName: 'mysql' } })).attributes).toEqual({ 'peer.service': 'mysql', 'server.address': 'mysql' });
    expect((await one({ kind: 'SERVER', remoteEndpoint: { serviceName: 'web' } })).attributes).toEqual({ 'peer.service': 'web' });
  });

  it('may have numbers in tags, names that JavaScript knows, and no service', async () => {
    const span = (await taken(Buffer.from(`[{"traceId":"1","id":"2","tags":{"__proto__":"a","constructor":"b","n":1.5,"t":true}}]`)))[0]!;
    expect(Object.entries(span.attributes)).toEqual(expect.arrayContaining([['constructor', 'b'], ['n', '1.5'], ['t', 'true']]));
    expect(span.resource).toEqual({});
  });
});
