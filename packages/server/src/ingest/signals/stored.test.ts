import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { writeLogsRequest, writeTracesRequest, type OtlpSpan, type OtlpValue } from '@pitot/core/otlp-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captureExports } from '../fixtures/sdk-exports.ts';
import { NOW_MS } from '../fixtures/stage.ts';
import { openStoreStage, type StoreStage } from '../fixtures/store-stage.ts';
import type { Row } from '../fixtures/native-reader.ts';

const SOURCE = { receiver: 'otlp' };
const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const LONG = 'x'.repeat(5000);
const ATTRIBUTES: Readonly<Record<string, OtlpValue>> = {
  text: 'value',
  empty: '',
  wide: 'Grüße, 世界 🌍',
  long: LONG,
  small: 7,
  zero: 0,
  negative: -42,
  billion: 1_000_000_000,
  exact: 2n ** 62n + 1n,
  lowest: -(2n ** 63n),
  double: 0.1,
  tiny: 5e-324,
  yes: true,
  no: false,
  list: ['a', 1, 2n ** 60n, [true, 0.5]],
  map: { b: { c: 'quote "' }, a: 1 },
};
const TEXTS = {
  text: 'value',
  empty: '',
  wide: 'Grüße, 世界 🌍',
  long: LONG,
  small: '7',
  zero: '0',
  negative: '-42',
  billion: '1000000000',
  exact: '4611686018427387905',
  lowest: '-9223372036854775808',
  double: '0.1',
  tiny: '5e-324',
  yes: 'true',
  no: 'false',
  list: '["a",1,1152921504606846976,[true,0.5]]',
  map: '{"b":{"c":"quote \\""},"a":1}',
};
const NUMBERS = { small: 7, zero: 0, negative: -42, billion: 1e9, exact: 2 ** 62, lowest: -(2 ** 63), double: 0.1, tiny: 5e-324 };
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const SPAN_ID = 'b7ad6b7169203331';
const PARENT_ID = '00f067aa0ba902b7';

let stage: StoreStage;
beforeAll(async () => {
  stage = await openStoreStage();
});
afterAll(() => stage.close());

const rowsOf = async (table: 'otel_logs' | 'otel_traces', service: string, orderBy: string): Promise<Row[]> =>
  (await stage.rows(table, orderBy)).filter((row) => row['ServiceName'] === service);

describe('a log record in the store', () => {
  it('has every field, exact', async () => {
    const resource = { attributes: { 'service.name': 'logs', 'host.name': 'h1', n: 1 } };
    const first = {
      timeUnixNano: NOW_NS + 123_456_789n,
      severityNumber: 17,
      severityText: 'ERROR',
      body: 'it broke: ä',
      attributes: ATTRIBUTES,
      traceId: TRACE_ID.toUpperCase(),
      spanId: SPAN_ID,
      flags: 0x101,
      eventName: 'broken',
    };
    const records = [first, { timeUnixNano: 0n, observedTimeUnixNano: NOW_NS - 5n, body: ['b'] }, { timeUnixNano: 0n, body: '' }];
    const request = writeLogsRequest([{ resource, scope: { name: 'lib', version: '2' }, records }]);
    expect(await stage.ingest.logs.take(request, SOURCE)).toEqual({ accepted: 3, rejected: 0, reasons: {} });
    const rows = await rowsOf('otel_logs', 'logs', 'Sequence');
    const shared = {
      ServiceName: 'logs',
      ResourceSchemaUrl: '',
      ResourceAttributes: { 'service.name': 'logs', 'host.name': 'h1', n: '1' },
      ScopeSchemaUrl: '',
      ScopeName: 'lib',
      ScopeVersion: '2',
      ScopeAttributes: {},
      Pattern: '0',
    };
    const start = Number(rows[0]!['Sequence']);
    expect(start).toBeGreaterThanOrEqual(NOW_MS * 1000);
    expect(rows[0]).toEqual({
      ...shared,
      Timestamp: String(first.timeUnixNano),
      Sequence: String(start),
      TraceId: TRACE_ID,
      SpanId: SPAN_ID,
      TraceFlags: 1,
      SeverityText: 'ERROR',
      SeverityNumber: 17,
      Body: 'it broke: ä',
      LogAttributes: TEXTS,
      LogNumbers: NUMBERS,
      EventName: 'broken',
    });
    const bare = { ...shared, TraceId: '', SpanId: '', TraceFlags: 0, SeverityText: '', SeverityNumber: 0, LogAttributes: {}, LogNumbers: {}, EventName: '' };
    expect(rows.slice(1)).toEqual([
      { ...bare, Timestamp: String(NOW_NS - 5n), Sequence: String(start + 1), Body: '["b"]' },
      { ...bare, Timestamp: String(NOW_NS), Sequence: String(start + 2), Body: '' },
    ]);
  });

  it('is what the SDK for Node sent', async () => {
    const collector = await captureExports();
    const exporter = new OTLPLogExporter({ url: `${collector.url}/v1/logs` });
    const resource = resourceFromAttributes({ 'service.name': 'sdk-logs', 'service.version': '1.2' });
    const provider = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter })] });
    const logger = provider.getLogger('my-logger', '0.1');
    const timestamp = NOW_MS + 1;
    logger.emit({ timestamp, severityNumber: SeverityNumber.WARN, severityText: 'WARN', body: 'disk nearly full', attributes: { free: 0.05, disk: '/dev/sda', tags: ['a', 'b'] } });
    logger.emit({ timestamp, body: { structured: true, depth: { n: 1 } }, attributes: { ok: true, n: -3 }, eventName: 'device.app.lifecycle' });
    await provider.forceFlush();
    await provider.shutdown();
    await collector.close();
    for (const body of collector.bodies) await stage.ingest.logs.take(body, SOURCE);
    const rows = await rowsOf('otel_logs', 'sdk-logs', 'Sequence');
    const shared = { Timestamp: String(BigInt(timestamp) * 1_000_000n), ServiceName: 'sdk-logs', ScopeName: 'my-logger', ScopeVersion: '0.1', ResourceAttributes: { 'service.name': 'sdk-logs', 'service.version': '1.2' } };
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatchObject({
      ...shared,
      SeverityNumber: 13,
      SeverityText: 'WARN',
      Body: 'disk nearly full',
      LogAttributes: { free: '0.05', disk: '/dev/sda', tags: '["a","b"]' },
      LogNumbers: { free: 0.05 },
    });
    expect(rows[1]).toMatchObject({
      ...shared,
      Body: '{"structured":true,"depth":{"n":1}}',
      LogAttributes: { ok: 'true', n: '-3' },
      LogNumbers: { n: -3 },
      EventName: 'device.app.lifecycle',
    });
  });
});

describe('a span in the store', () => {
  it('has every field, exact', async () => {
    const first: OtlpSpan = {
      traceId: TRACE_ID,
      spanId: SPAN_ID,
      parentSpanId: PARENT_ID,
      traceState: 'vendor=1,ot=th:8;rv:abc',
      name: 'GET /cart/{id}',
      kind: 2,
      startTimeUnixNano: NOW_NS + 1n,
      endTimeUnixNano: NOW_NS + 5_000_000_002n,
      attributes: ATTRIBUTES,
      events: [
        { timeUnixNano: NOW_NS + 7n, name: 'exception', attributes: { 'exception.type': 'Error', n: 3 } },
        { timeUnixNano: NOW_NS + 8n, name: 'bare' },
      ],
      links: [{ traceId: TRACE_ID, spanId: PARENT_ID, attributes: { why: 'batch' } }],
      statusCode: 2,
      statusMessage: 'it broke',
    };
    const bare: OtlpSpan = { traceId: TRACE_ID, spanId: PARENT_ID, name: '', kind: 0, startTimeUnixNano: NOW_NS + 2n, endTimeUnixNano: NOW_NS + 2n };
    const withLink: OtlpSpan = { ...bare, spanId: SPAN_ID, startTimeUnixNano: NOW_NS + 3n, endTimeUnixNano: NOW_NS + 4n, kind: 3, links: [{ traceId: TRACE_ID, spanId: SPAN_ID }], statusCode: 1 };
    const request = writeTracesRequest([{ resource: { attributes: { 'service.name': 'spans' } }, scope: { name: 'lib', version: '2' }, records: [first, bare, withLink] }]);
    expect(await stage.ingest.spans.take(request, SOURCE)).toEqual({ accepted: 3, rejected: 0, reasons: {} });
    const rows = await rowsOf('otel_traces', 'spans', 'Timestamp');
    const shared = { Received: String(NOW_MS), TraceId: TRACE_ID, ServiceName: 'spans', ResourceAttributes: { 'service.name': 'spans' }, ScopeName: 'lib', ScopeVersion: '2' };
    expect(rows[0]).toEqual({
      ...shared,
      Timestamp: String(first.startTimeUnixNano),
      SpanId: SPAN_ID,
      ParentSpanId: PARENT_ID,
      TraceState: first.traceState,
      SpanName: first.name,
      SpanKind: 'Server',
      SpanAttributes: TEXTS,
      SpanNumbers: NUMBERS,
      Duration: '5000000001',
      StatusCode: 'Error',
      StatusMessage: 'it broke',
      'Events.Timestamp': [String(NOW_NS + 7n), String(NOW_NS + 8n)],
      'Events.Name': ['exception', 'bare'],
      'Events.Attributes': [{ 'exception.type': 'Error', n: '3' }, {}],
      'Links.TraceId': [TRACE_ID],
      'Links.SpanId': [PARENT_ID],
      'Links.TraceState': [''],
      'Links.Attributes': [{ why: 'batch' }],
      SampleWeight: 2,
    });
    const empty = { ...shared, ParentSpanId: '', TraceState: '', SpanName: '', SpanAttributes: {}, SpanNumbers: {}, StatusMessage: '', 'Events.Timestamp': [], 'Events.Name': [], 'Events.Attributes': [], SampleWeight: 1 };
    const noLinks = { 'Links.TraceId': [], 'Links.SpanId': [], 'Links.TraceState': [], 'Links.Attributes': [] };
    const oneLink = { 'Links.TraceId': [TRACE_ID], 'Links.SpanId': [SPAN_ID], 'Links.TraceState': [''], 'Links.Attributes': [{}] };
    expect(rows.slice(1)).toEqual([
      { ...empty, ...noLinks, Timestamp: String(NOW_NS + 2n), SpanId: PARENT_ID, SpanKind: 'Unspecified', Duration: '0', StatusCode: 'Unset' },
      { ...empty, ...oneLink, Timestamp: String(NOW_NS + 3n), SpanId: SPAN_ID, SpanKind: 'Client', Duration: '1', StatusCode: 'Ok' },
    ]);
  });

  it('is what the SDK for Node sent', async () => {
    const collector = await captureExports();
    const exporter = new OTLPTraceExporter({ url: `${collector.url}/v1/traces` });
    const provider = new NodeTracerProvider({ resource: resourceFromAttributes({ 'service.name': 'sdk-spans' }), spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const tracer = provider.getTracer('my-tracer', '1.0');
    const linked = { traceId: TRACE_ID, spanId: SPAN_ID, traceFlags: 1 };
    const span = tracer.startSpan('checkout', { kind: SpanKind.CONSUMER, startTime: [1_768_478_400, 5], attributes: { 'cart.items': 3, vip: true }, links: [{ context: linked, attributes: { k: 'v' } }] });
    span.addEvent('paid', { amount: 9.5 }, [1_768_478_400, 9]);
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'declined' });
    span.end([1_768_478_401, 6]);
    await provider.forceFlush();
    await provider.shutdown();
    await collector.close();
    for (const body of collector.bodies) await stage.ingest.spans.take(body, SOURCE);
    const { traceId, spanId } = span.spanContext();
    expect(await rowsOf('otel_traces', 'sdk-spans', 'Timestamp')).toEqual([
      {
        Timestamp: '1768478400000000005',
        Received: String(NOW_MS),
        TraceId: traceId,
        SpanId: spanId,
        ParentSpanId: '',
        TraceState: '',
        SpanName: 'checkout',
        SpanKind: 'Consumer',
        ServiceName: 'sdk-spans',
        ResourceAttributes: { 'service.name': 'sdk-spans' },
        ScopeName: 'my-tracer',
        ScopeVersion: '1.0',
        SpanAttributes: { 'cart.items': '3', vip: 'true' },
        SpanNumbers: { 'cart.items': 3 },
        Duration: '1000000001',
        StatusCode: 'Error',
        StatusMessage: 'declined',
        'Events.Timestamp': ['1768478400000000009'],
        'Events.Name': ['paid'],
        'Events.Attributes': [{ amount: '9.5' }],
        'Links.TraceId': [TRACE_ID],
        'Links.SpanId': [SPAN_ID],
        'Links.TraceState': [''],
        'Links.Attributes': [{ k: 'v' }],
        SampleWeight: 1,
      },
    ]);
  });
});
