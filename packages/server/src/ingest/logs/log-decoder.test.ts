import type { AppError, Limits, SignalReceipt } from '@pitot/core';
import { writeLogsRequest, type OtlpLogRecord } from '@pitot/core/otlp-writer';
import { WireWriter } from '@pitot/core/protobuf-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FailingFiles } from '../fixtures/failing-files.ts';
import type { Row } from '../fixtures/native-reader.ts';
import { createStage, NOW_MS, storeDown, until, type Stage } from '../fixtures/stage.ts';
import type { Ingest, IngestOptions } from '../ingest.ts';
import type { LogProcessor, PatternUpdate } from './log-processor.ts';

const SOURCE = { receiver: 'otlp' };
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const DAY_MS = 86_400_000;

let stage: Stage;
let ingest: Ingest;
beforeEach(() => {
  stage = createStage();
});
afterEach(() => stage.remove());

async function open(limits: Partial<Limits> = {}, options: Partial<Omit<IngestOptions, 'limits'>> = {}): Promise<void> {
  ingest = await stage.open({ ...options, limits });
  ingest.start();
}

function requestOf(records: readonly Partial<OtlpLogRecord>[], service = 'cart'): Uint8Array {
  const full = records.map((record): OtlpLogRecord => ({ timeUnixNano: NOW_NS, body: 'a body', ...record }));
  return writeLogsRequest([{ resource: { attributes: { 'service.name': service } }, scope: { name: 'lib' }, records: full }]);
}

const send = (records: readonly Partial<OtlpLogRecord>[], service?: string): Promise<SignalReceipt> => ingest.logs.take(requestOf(records, service), SOURCE);

async function stored(table: 'otel_logs' | 'log_patterns' = 'otel_logs'): Promise<Row[]> {
  await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
  return stage.writer.rows(table);
}

const repairs = (repair: string): number => stage.meter.value(`pitot_ingest_repairs_total{receiver=otlp,repair=${repair}}`);

/** A request of one record whose fields `write` writes. */
function rawRequest(write: (out: WireWriter) => void): Uint8Array {
  const out = new WireWriter(1024);
  const starts = [0x0a, 0x12, 0x12].map((tag) => {
    out.varint(tag);
    return out.open();
  });
  out.varint(0x09);
  out.fixed64(NOW_NS);
  write(out);
  for (const start of starts.toReversed()) out.close(start);
  return out.finish();
}

/** An attribute, or a body where there is no key, of raw bytes. */
function rawField(out: WireWriter, tag: number, key: string | undefined, valueTag: number, value: Uint8Array | number): void {
  out.varint(tag);
  const field = out.open();
  if (key !== undefined) {
    out.varint(0x0a);
    out.text(key);
    out.varint(0x12);
  }
  const any = key === undefined ? field : out.open();
  out.varint(valueTag);
  if (typeof value === 'number') out.varint(value);
  else out.bytes(value);
  if (any !== field) out.close(any);
  out.close(field);
}

/** The same of short texts, as senders write it: every size in one byte. */
function shortAttribute(key: string, value: string): Buffer {
  const [name, text] = [Buffer.from(key), Buffer.from(value)];
  const any = Buffer.concat([Buffer.of(0x0a, text.length), text]);
  return Buffer.concat([Buffer.of(0x0a, name.length), name, Buffer.of(0x12, any.length), any]);
}

const ATTRIBUTE = 0x32;
const BODY = 0x2a;
const STRING = 0x0a;
const INT = 0x18;
const BYTES = 0x3a;

describe('what records share', () => {
  it('is repeated for its own records only', async () => {
    await open();
    const record = { timeUnixNano: NOW_NS, body: 'b' };
    const request = writeLogsRequest([
      { resource: { attributes: { 'service.name': 'a', n: 1 } }, scope: { name: 'one' }, records: [record, record] },
      { resource: { attributes: {} }, records: [record] },
      { resource: { attributes: { 'service.name': 'c' } }, scope: { name: 'two', version: '3' }, records: [] },
      { resource: { attributes: { 'service.name': 'd', k: 'v' } }, scope: { name: 'x'.repeat(200) }, records: [record, record, record] },
    ]);
    await ingest.logs.take(request, SOURCE);
    expect((await stored()).map((row) => [row['ServiceName'], row['ResourceAttributes'], row['ScopeName']])).toEqual([
      ['a', { 'service.name': 'a', n: '1' }, 'one'],
      ['a', { 'service.name': 'a', n: '1' }, 'one'],
      ['unknown_service', {}, ''],
      ...Array.from({ length: 3 }, () => ['d', { 'service.name': 'd', k: 'v' }, 'x'.repeat(200)]),
    ]);
    expect(ingest.monitor.sources().map(({ service, logsTotal, samplesTotal }) => [service, logsTotal, samplesTotal])).toEqual([
      ['a', 2, 0],
      ['unknown_service', 1, 0],
      ['d', 3, 0],
    ]);
    expect(stage.meter.value('pitot_ingest_log_records_total{receiver=otlp}')).toBe(6);
  });

  it('is found where the resource follows its records', async () => {
    await open();
    const out = new WireWriter(256);
    out.varint(0x0a);
    const group = out.open();
    out.varint(0x12);
    const scope = out.open();
    out.varint(0x12);
    out.bytes(Buffer.alloc(0));
    out.close(scope);
    out.varint(0x0a);
    const resource = out.open();
    rawField(out, 0x0a, 'service.name', STRING, Buffer.from('late'));
    out.close(resource);
    out.varint(0x1a);
    out.text('https://schema');
    out.close(group);
    await ingest.logs.take(out.finish(), SOURCE);
    expect(await stored()).toMatchObject([{ ServiceName: 'late', ResourceSchemaUrl: 'https://schema', Timestamp: NOW_NS, Body: '' }]);
  });

  it('cannot be made to fill the memory', async () => {
    await open({ decompressed_body_bytes: 10_000 });
    const attributes = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, 'v'.repeat(100)]));
    const request = writeLogsRequest([{ resource: { attributes }, records: Array.from({ length: 100 }, () => ({ timeUnixNano: NOW_NS, body: '' })) }]);
    await expect(ingest.logs.take(request, SOURCE)).rejects.toMatchObject({ code: 'body_too_large' });
  });
});

describe('severities', () => {
  it('are derived from the text where the number is missing', async () => {
    await open();
    const texts = { warn: 13, WARNING: 13, err: 17, crit: 18, Notice: 10, ' info ': 9, INFO4: 12, ERROR2: 18, emerg: 21, whatever: 0 };
    await send(Object.keys(texts).map((severityText) => ({ severityText })));
    await send([{ severityText: 'debug', severityNumber: 9 }, { severityNumber: 77 }]);
    expect((await stored()).map((row) => row['SeverityNumber'])).toEqual([...Object.values(texts), 9, 0]);
  });
});

describe('odd content', () => {
  it('counts the last value of a key that came twice', async () => {
    await open();
    const request = rawRequest((out) => {
      rawField(out, ATTRIBUTE, 'a', STRING, Buffer.from('1'));
      rawField(out, ATTRIBUTE, 'n', INT, 5);
      rawField(out, ATTRIBUTE, 'b', STRING, Buffer.from('2'));
      rawField(out, ATTRIBUTE, 'm', INT, 6);
      rawField(out, ATTRIBUTE, 'a', STRING, Buffer.from('3'));
      rawField(out, ATTRIBUTE, 'n', STRING, Buffer.from('text'));
      rawField(out, ATTRIBUTE, 'a', INT, 4);
    });
    await ingest.logs.take(request, SOURCE);
    await ingest.logs.take(request, SOURCE);
    const expected = { LogAttributes: { a: '4', b: '2', m: '6', n: 'text' }, LogNumbers: { m: 6, a: 4 } };
    expect(await stored()).toMatchObject([expected, expected]);
    // As an object a key can only be there once; as pairs it could be twice.
    expect(Object.keys((await stored())[0]!['LogNumbers'] as object)).toEqual(['m', 'a']);
  });

  it('reads the short form of attributes by the same rules', async () => {
    await open({ attribute_value_bytes: 8, attributes_per_record: 6 });
    const all = [['a', '1'], ['long', '123456789'], ['fits', '12345678'], ['a', '2'], ['wide', 'äö'], ['', ''], ['too', 'many']] as const;
    const request = rawRequest((out) => {
      for (const [key, value] of all) {
        out.varint(ATTRIBUTE);
        out.bytes(shortAttribute(key, value));
      }
    });
    await ingest.logs.take(request, SOURCE);
    expect((await stored())[0]!['LogAttributes']).toEqual({ long: '12345678…[cut, 9 bytes]', fits: '12345678', a: '2', wide: 'äö', '': '' });
    expect([repairs('cut'), repairs('too_many_attributes')]).toEqual([1, 1]);
  });

  it('replaces what is not UTF-8, and keeps the rest', async () => {
    await open();
    const broken = Buffer.concat([Buffer.from('before '), Buffer.of(0xff, 0xc3), Buffer.from(' after')]);
    await ingest.logs.take(
      rawRequest((out) => {
        rawField(out, BODY, undefined, STRING, broken);
        rawField(out, ATTRIBUTE, 'key', STRING, broken);
        rawField(out, ATTRIBUTE, 'long', STRING, Buffer.concat([broken, Buffer.from('x'.repeat(300))]));
      }),
      SOURCE,
    );
    const text = 'before �� after';
    expect(await stored()).toMatchObject([{ Body: text, LogAttributes: { key: text, long: text + 'x'.repeat(300) } }]);
    expect(repairs('invalid_utf8')).toBe(3);
  });

  it('shows bytes in base64', async () => {
    await open();
    const bytes = Buffer.from([0, 1, 2, 250, 251, 252]);
    await ingest.logs.take(
      rawRequest((out) => {
        rawField(out, BODY, undefined, BYTES, bytes);
        rawField(out, ATTRIBUTE, 'b', BYTES, bytes);
      }),
      SOURCE,
    );
    expect(await stored()).toMatchObject([{ Body: 'AAEC+vv8', LogAttributes: { b: 'AAEC+vv8' } }]);
  });

  it('cuts between characters what is too long, and says so', async () => {
    await open({ log_body_bytes: 10, attribute_value_bytes: 8 });
    await send([{ body: '1234567890' }, { body: '12345678ää' }, { body: '123456789ä' }, { attributes: { a: 'x'.repeat(1_048_576), fits: '12345678', n: 2n ** 60n } }]);
    await send([{ body: { deep: 'x'.repeat(50) } }]);
    const rows = await stored();
    expect(rows.map((row) => row['Body'])).toEqual(['1234567890', '12345678ä…[cut, 12 bytes]', '123456789…[cut, 11 bytes]', 'a body', expect.stringMatching(/^\{"deep":".…\[cut, \d+ bytes\]$/)]);
    expect(rows[3]!['LogAttributes']).toEqual({ a: 'xxxxxxxx…[cut, 1048576 bytes]', fits: '12345678', n: '1152921504606846976' });
    expect(repairs('cut')).toBe(4);
  });

  it('leaves out attributes above the limit, and counts them', async () => {
    await open({ attributes_per_record: 3 });
    await send([{ attributes: { a: 1, b: 2, c: 3, d: 4, e: 5 } }, { attributes: { f: 6 } }]);
    expect((await stored()).map((row) => row['LogAttributes'])).toEqual([{ a: '1', b: '2', c: '3' }, { f: '6' }]);
    expect(repairs('too_many_attributes')).toBe(2);
  });

  it('shows deep nesting down to a depth', async () => {
    await open();
    let deep: Buffer = Buffer.from([0x0a, 0x01, 0x78]);
    for (let depth = 0; depth < 5000; depth++) {
      const out = new WireWriter(deep.length + 32);
      out.varint(0x2a);
      const list = out.open();
      out.varint(0x0a);
      out.bytes(deep);
      out.close(list);
      deep = Buffer.from(out.finish());
    }
    await ingest.logs.take(
      rawRequest((out) => {
        out.varint(BODY);
        out.bytes(deep);
      }),
      SOURCE,
    );
    expect((await stored())[0]!['Body']).toBe(`${'['.repeat(17)}"…"${']'.repeat(17)}`);
  });

  it('leaves out ids of the wrong size and of zeros', async () => {
    await open();
    await send([{ traceId: 'abcd', spanId: '0102030405060708' }, { traceId: '0'.repeat(32), spanId: '0'.repeat(16) }, { traceId: '01'.repeat(17), spanId: '01'.repeat(7) }]);
    expect((await stored()).map((row) => [row['TraceId'], row['SpanId']])).toEqual([['', '0102030405060708'], ['', ''], ['', '']]);
    expect(repairs('invalid_id')).toBe(3);
  });
});

describe('what is turned away', () => {
  it('is too old or too far in the future by the retention of logs', async () => {
    await open({ future_tolerance_seconds: 60 }, { logsRetentionMs: DAY_MS });
    const at = (offsetMs: number) => ({ timeUnixNano: NOW_NS + BigInt(offsetMs) * 1_000_000n });
    const receipt = await send([at(-DAY_MS), at(-DAY_MS - 1), at(60_000), at(60_001), { timeUnixNano: 2n ** 64n - 1n }]);
    expect(receipt).toEqual({ accepted: 2, rejected: 3, reasons: { too_old: 1, too_far_in_future: 2 } });
    expect(await stored()).toHaveLength(2);
    expect(stage.meter.value('pitot_ingest_rejected_total{receiver=otlp,reason=too_far_in_future}')).toBe(2);
  });

  it('is a request with too many records, and the error names the limit', async () => {
    await open({ records_per_request: 3 });
    await expect(send([{}, {}, {}, {}])).rejects.toMatchObject({ code: 'too_many_samples', fields: { limit: 'limits.records_per_request', value: 3 } });
    expect(await send([{}, {}, {}])).toMatchObject({ accepted: 3 });
    expect(await stored()).toHaveLength(3);
  });

  it('is a request that is cut off, with the position', async () => {
    await open();
    const request = requestOf([{ attributes: { a: 'b' } }]);
    for (let size = 1; size < request.length; size++) {
      const error: AppError = await ingest.logs.take(request.subarray(0, size), SOURCE).then(
        () => { throw new Error('was taken'); },
        (reason: AppError) => reason,
      );
      expect(error).toMatchObject({ code: 'bad_payload', fields: { offset: expect.any(Number) } });
    }
    expect(await stored()).toEqual([]);
    expect(await ingest.logs.take(new Uint8Array(0), SOURCE)).toEqual({ accepted: 0, rejected: 0, reasons: {} });
  });

  it('is a flood from one service, but not its errors, nor what others send', async () => {
    await open({ log_bytes_per_second_per_source: 1000 });
    const info = { body: 'x'.repeat(900), severityNumber: 9 };
    const flood = Array.from({ length: 50 }, () => info);
    const first = await send(flood);
    expect(first.accepted).toBeGreaterThan(8);
    expect(first).toEqual({ accepted: first.accepted, rejected: 50 - first.accepted, reasons: { source_rate: 50 - first.accepted } });
    expect(await send([info, { ...info, severityNumber: 17 }, { ...info, severityNumber: 0, severityText: 'fatal' }])).toMatchObject({ accepted: 2, rejected: 1 });
    expect(await send([info, info], 'other')).toMatchObject({ accepted: 2, rejected: 0 });
    expect(await ingest.logs.take(requestOf([info]), { receiver: 'loki' })).toMatchObject({ accepted: 1 });
    expect(await ingest.logs.take(requestOf([info]), { receiver: 'otlp', keyId: 'k' })).toMatchObject({ accepted: 1 });
    stage.clock.advance(2000);
    expect(await send([info, info, info, info])).toMatchObject({ accepted: 2, rejected: 2 });
    const line = stage.log.lines.find(({ fields }) => (fields as { reason?: string }).reason === 'source_rate');
    expect(line?.fields).toMatchObject({ limit: 'limits.log_bytes_per_second_per_source', value: 1000 });
  });

  it('is everything while the server shuts down or the spool is full', async () => {
    stage.writer.before = storeDown;
    await open({ spool_bytes: 2000 });
    await send([{ body: 'x'.repeat(3000) }]);
    await expect(send([{}])).rejects.toMatchObject({ kind: expect.stringMatching(/limited|unavailable/) });
    await ingest.drain(0);
    await expect(send([{}])).rejects.toMatchObject({ code: 'shutting_down' });
  });
});

it('gives out sequence numbers that grow, also after a restart', async () => {
  await open();
  await send([{}, {}]);
  await send([{}]);
  stage.clock.advance(1);
  await send([{}]);
  await stored();
  await ingest.close();
  stage.clock.advance(1);
  await open();
  await send([{}]);
  const start = BigInt(NOW_MS) * 1000n;
  expect((await stored()).map((row) => row['Sequence'])).toEqual([start, start + 1n, start + 2n, start + 1000n, start + 2000n]);
});

describe('rules and patterns', () => {
  const rules: LogProcessor = {
    touches: (service) => service !== 'untouched',
    process(record) {
      if (record.attribute('path') === '/health') return { rule: 'no health checks' };
      if (record.body.startsWith('{')) {
        const { level, msg, took, trace } = JSON.parse(record.body) as Record<string, string>;
        record.severityText = level!;
        record.severityNumber = 13;
        record.body = msg!;
        record.traceId = trace!;
        record.setAttribute('took', Number(took));
        record.removeAttribute('gone');
        record.timestampMs += 1;
        record.service = 'renamed';
      }
      if (record.attributeBytes().includes('secret')) record.setAttribute('token', `<token> of ${record.resourceAttribute('service.name')}`);
      return 'keep';
    },
  };

  it('change, drop and move records, and leave the others as they came', async () => {
    await open({}, { logProcessor: rules });
    const attributes = { n: 5, wide: 'ä', gone: 'x' };
    const trace = '0123456789abcdef0123456789abcdef';
    const receipt = await send([
      { attributes, body: 'plain', severityText: 'INFO' },
      { attributes, body: `{"level":"warning","msg":"parsed ä","took":"12.5","trace":"${trace}"}` },
      { attributes: { path: '/health' } },
      { attributes: { token: 'secret 1', b: true } },
    ]);
    expect(receipt).toEqual({ accepted: 4, rejected: 0, reasons: {} });
    await send([{ attributes: { path: '/health' } }], 'untouched');
    expect(await stored()).toMatchObject([
      { Body: 'plain', ServiceName: 'cart', LogAttributes: { n: '5', wide: 'ä', gone: 'x' }, LogNumbers: { n: 5 }, Timestamp: NOW_NS },
      {
        Body: 'parsed ä',
        ServiceName: 'renamed',
        SeverityText: 'warning',
        SeverityNumber: 13,
        TraceId: trace,
        LogAttributes: { n: '5', wide: 'ä', took: '12.5' },
        LogNumbers: { n: 5, took: 12.5 },
        Timestamp: NOW_NS + 1_000_000n,
      },
      { Body: 'a body', ServiceName: 'cart', LogAttributes: { token: '<token> of cart', b: 'true' }, LogNumbers: {} },
      { ServiceName: 'untouched', LogAttributes: { path: '/health' } },
    ]);
    expect(stage.meter.value('pitot_ingest_log_records_dropped_total{rule=no health checks}')).toBe(1);
  });

  it('come with the records, and again where the disk did not take them', async () => {
    const update: PatternUpdate = { pattern: 7n, service: 'cart', template: 'user <num>', severityNumber: 9, sample: 'user 5', firstSeenMs: NOW_MS - 5, updatedMs: NOW_MS };
    let waiting = [update];
    const putBack: PatternUpdate[] = [];
    const files = new FailingFiles();
    await open({}, {
      files,
      patternMiner: {
        patternOf: (service, severityNumber, body, timestampMs) => BigInt(body.length) + (service === 'cart' && severityNumber === 9 && timestampMs === NOW_MS ? 1000n : 0n),
        takeUpdates: () => waiting.splice(0),
        putBack: (updates) => putBack.push(...updates),
      },
    });
    await send([{ body: 'user 5', severityNumber: 9 }, { body: 'ä', severityNumber: 9 }, { body: 'x' }]);
    expect((await stored()).map((row) => row['Pattern'])).toEqual([1006n, 1001n, 1n]);
    expect(await stored('log_patterns')).toEqual([
      { Pattern: 7n, ServiceName: 'cart', Template: 'user <num>', SeverityNumber: 9, Sample: 'user 5', FirstSeen: NOW_MS - 5, Updated: NOW_MS },
    ]);
    expect(putBack).toEqual([]);
    waiting = [update];
    files.roomBytes = 0;
    await expect(send([{}])).rejects.toMatchObject({ kind: 'unavailable' });
    expect(putBack).toEqual([update]);
  });
});
