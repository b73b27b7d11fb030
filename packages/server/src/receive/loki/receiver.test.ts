import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compressSync } from 'snappy';
import { describe, expect, it } from 'vitest';
import { receiverConformance } from '../conformance.ts';
import { deliver, NOW_MS, openRoute, postRequest, signalContext, type Delivered } from '../fixtures/delivery.ts';
import { SignalMemory } from '../fixtures/signal-memory.ts';
import { encodePush, type PushedStream } from './fixtures/messages.ts';
import { parseLabels } from './labels.ts';
import { loki } from './receiver.ts';

const PATH = '/loki/api/v1/push';
const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const LABELS = '{app="shop", namespace="prod"}';

const rejectedOf = ({ text }: Delivered): number => Number(/(\d+) turned away/.exec(text)?.[1]);
const shared = { receiver: loki, path: PATH, signal: 'logs', rejectedOf } as const;

const lines = (count: number) => Array.from({ length: count }, (_, i) => `line ${i}`);

receiverConformance({
  ...shared,
  contentType: PROTOBUF,
  encodings: ['snappy', 'gzip', 'deflate', 'identity'],
  payload: (count, timeMs) => encodePush([{ labels: LABELS, entries: lines(count).map((line) => ({ timeMs, line })) }]),
  malformed: [
    { name: 'text', payload: Buffer.from('this is not protobuf'), says: /byte \d+/ },
    { name: 'a stream that is longer than the body', payload: Buffer.from([0x0a, 0x7f, 0x0a]), says: /byte 1: a field of 127 bytes/ },
    { name: 'labels that are none', payload: encodePush([{ labels: '{app=}', entries: [{ timeMs: 1, line: 'a' }] }]), says: /malformed at character 6: a quoted value was expected/ },
    { name: 'a time before 1970', payload: encodePush([{ labels: LABELS, entries: [{ timeMs: -1000, line: 'a' }] }]), says: /byte \d+: the timestamp is before 1970/ },
  ],
  emptyStatus: 204,
  everyCutIsMalformed: false,
});

const jsonPush = (entries: readonly unknown[]): Buffer => Buffer.from(JSON.stringify({ streams: [{ stream: { app: 'shop' }, values: entries }] }));

receiverConformance({
  ...shared,
  contentType: JSON_TYPE,
  encodings: ['identity', 'gzip', 'deflate'],
  payload: (count, timeMs) => jsonPush(lines(count).map((line) => [`${timeMs}000000`, line])),
  malformed: [
    { name: 'text', payload: Buffer.from('{"streams": nonsense}'), says: /not JSON: .*nonsense/ },
    { name: 'an array', payload: Buffer.from('[]'), says: /the body is not an object; send \{\\?"streams/ },
    { name: 'no streams', payload: Buffer.from('{}'), says: /streams is not an array/ },
    { name: 'a time that is a number', payload: jsonPush([[1, 'a']]), says: /streams\[0\]\.values\[0\]\[0\] is not a string of nanoseconds/ },
    { name: 'a line that is none', payload: jsonPush([['1', {}]]), says: /values\[0\]\[1\] is not a string/ },
    { name: 'metadata that is none', payload: jsonPush([['1', 'a', { deep: {} }]]), says: /values\[0\]\[2\]\.deep is not a string/ },
    { name: 'bytes that are not UTF-8', payload: Buffer.from([0x22, 0xff, 0x22]), says: /UTF-8/ },
  ],
  emptyStatus: 400,
  everyCutIsMalformed: true,
});

async function pushed(body: Uint8Array, headers: Record<string, string>): Promise<{ sink: SignalMemory; answer: Delivered }> {
  const sink = new SignalMemory('logs');
  const answer = await deliver(openRoute(loki, signalContext({ logs: sink }), PATH), postRequest(PATH, headers, body));
  return { sink, answer };
}

/** As promtail sends: snappy, without a Content-Encoding. */
const pushStreams = (streams: readonly PushedStream[]) => pushed(compressSync(Buffer.from(encodePush(streams))), { 'content-type': PROTOBUF });

describe('Loki push', () => {
  const alloy = readFileSync(join(import.meta.dirname, 'fixtures/alloy-push.json'));
  const shop = {
    'service.name': 'checkout',
    'k8s.cluster.name': 'prod-eu-1',
    'k8s.namespace.name': 'shop',
    'k8s.pod.name': 'checkout-7d9f8b6c5d-x2v9p',
    'k8s.container.name': 'checkout',
    'k8s.node.name': 'ip-10-0-0-17',
  };
  const file = { 'log.file.path': '/var/log/pods/shop_checkout-7d9f8b6c5d-x2v9p_6f0e3a50/checkout/0.log', app: 'checkout', job: 'shop/checkout', stream: 'stderr' };

  it('makes resources and attributes of labels, and ids and levels of structured metadata', async () => {
    const { sink, answer } = await pushed(alloy, { 'content-type': JSON_TYPE });
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(sink.records).toEqual([
      expect.objectContaining({ timeUnixNano: '1767323045123456789', body: 'payment of order 17 timed out after 3000 ms', resource: shop, attributes: file, severityText: 'warn', severityNumber: 13 }),
      expect.objectContaining({
        timeUnixNano: '1767323045123456790',
        body: 'retrying',
        resource: shop,
        attributes: { ...file, attempt: '2' },
        severityText: 'info',
        severityNumber: 9,
        traceId: '5b8efff798038103d269b633813fc60c',
        spanId: 'eee19b7ec3c1b174',
      }),
      expect.objectContaining({
        body: 'kernel: out of memory',
        resource: { 'service.name': 'varlogs', 'host.name': 'db-1' },
        attributes: { 'log.file.path': '/var/log/syslog', trace_id: 'not an id' },
      }),
    ]);
    expect(sink.records[2]).not.toHaveProperty('severityNumber');
  });

  it('is the same in protobuf, as promtail sends it', async () => {
    const { streams } = JSON.parse(alloy.toString()) as { streams: { stream: Record<string, string>; values: [string, string, Record<string, string>?][] }[] };
    const same = streams.map(({ stream, values }) => ({
      labels: `{${Object.entries(stream).map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(', ')}}`,
      entries: values.map(([time, line, metadata = {}]) => ({ timeMs: Number(BigInt(time) / 1_000_000n), nanos: Number(BigInt(time) % 1_000_000n), line, metadata })),
    }));
    const { sink, answer } = await pushStreams(same);
    expect(answer.status).toBe(204);
    expect(sink.records).toEqual((await pushed(alloy, { 'content-type': JSON_TYPE })).sink.records);
  });

  it.each([
    ['{service_name="a", service="b", app="c", job="d"}', 'a'],
    ['{job="d", app="c", service="b"}', 'b'],
    ['{job="d", app="c", service=""}', 'c'],
    ['{job="d"}', 'd'],
    ['{other="d"}', undefined],
  ])('finds the service of %s', async (labels, service) => {
    const { sink } = await pushStreams([{ labels, entries: [{ timeMs: NOW_MS, line: 'a' }] }]);
    expect(sink.records[0]!.resource['service.name']).toBe(service);
  });

  it('takes the other streams where the labels of one cannot be read, and says so', async () => {
    const entries = [{ timeMs: NOW_MS, line: 'a' }, { timeMs: NOW_MS, line: 'b' }];
    const { sink, answer } = await pushStreams([{ labels: 'nonsense', entries }, { labels: LABELS, entries }]);
    expect([answer.status, sink.records.length]).toEqual([400, 2]);
    expect(answer.text).toBe('2 log lines were taken and 2 turned away: 2 invalid_label (the stream\'s labels are malformed at character 1: "{" was expected)\n');
  });

  it('keeps names that JavaScript knows, and bytes that are not UTF-8', async () => {
    const body = encodePush([{ labels: '{__proto__="a", constructor="b", app="shop"}', entries: [{ timeMs: NOW_MS, line: 'caf\u0001', metadata: { __proto__x: '1', toString: 'c' } }] }]);
    const at = Buffer.from(body).indexOf(0x01, Buffer.from(body).indexOf('caf'));
    body[at] = 0xe9;
    const { sink, answer } = await pushed(body, { 'content-type': PROTOBUF, 'content-encoding': 'identity' });
    expect(answer.status).toBe(204);
    expect(sink.records[0]!['body']).toBe('caf\ufffd');
    expect(Object.keys(sink.records[0]!.attributes)).toEqual(expect.arrayContaining(['constructor', '__proto__x', 'toString']));
  });
});

describe('the labels of a stream', () => {
  it.each([
    ['{}', []],
    ['{a="b"}', [['a', 'b']]],
    [' { a = "b" , c="d", } ', [['a', 'b'], ['c', 'd']]],
    [String.raw`{a="say \"hi\"\n\t\\ \x41\u00e9\U0001F600\101"}`, [['a', 'say "hi"\n\t\\ Aé😀A']]],
    ['{a=`raw \\n`}', [['a', 'raw \\n']]],
    ['{a="}, b=\\"c"}', [['a', '}, b="c']]],
    [String.raw`{a="\UFFFFFFFF"}`, [['a', String.raw`\UFFFFFFFF`]]],
  ])('%s', (text, labels) => {
    expect(parseLabels(text)).toEqual(labels);
  });

  it.each([
    ['', 1, '"{"'],
    ['a="b"', 1, '"{"'],
    ['{a="b"', 7, '"," or "}"'],
    ['{a="b" c="d"}', 8, '"," or "}"'],
    ['{="b"}', 2, 'a label name'],
    ['{a:"b"}', 4, '"="'],
    ['{a="b', 4, 'a quoted value'],
    ['{a="b"} x', 9, 'the end'],
    ['{,}', 2, 'a label name'],
  ])('%s are refused', (text, character, expected) => {
    expect(parseLabels(text)).toBe(`the stream's labels are malformed at character ${character}: ${expected} was expected`);
  });

  it('take no longer than their length allows', () => {
    expect(parseLabels(`{a="${'\\'.repeat(1_000_001)}`)).toMatch(/quoted value/);
    expect(parseLabels(`{${' '.repeat(1_000_000)}`)).toMatch(/label name/);
  });
});
