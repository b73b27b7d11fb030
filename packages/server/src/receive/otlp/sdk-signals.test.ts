import { SpanStatusCode } from '@opentelemetry/api';
import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc';
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufLogs } from '@opentelemetry/exporter-logs-otlp-proto';
import { OTLPMetricExporter as GrpcMetrics } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { listenerContext, signalContext } from '../fixtures/delivery.ts';
import { DoorServer } from '../fixtures/door-server.ts';
import { MemorySink } from '../fixtures/memory-sink.ts';
import { SignalMemory } from '../fixtures/signal-memory.ts';
import { otlpGrpc } from './grpc.ts';
import { otlp } from './receiver.ts';

class Doors implements AsyncDisposable {
  readonly logs = new SignalMemory('logs');
  readonly spans = new SignalMemory('traces');
  readonly metrics = new MemorySink();
  readonly #opened: AsyncDisposableStack = new AsyncDisposableStack();

  /** Answers where the door is. */
  async open(protocol: 'http' | 'grpc'): Promise<string> {
    const context = signalContext(this, {}, Date.now);
    if (protocol === 'http') return `http://${this.#opened.use(await DoorServer.open(otlp.open(context))).address}`;
    const listener = await otlpGrpc.listen(listenerContext(context), { host: '127.0.0.1', port: 0 });
    this.#opened.defer(() => listener.close());
    return listener.url.replace('grpc:', 'http:');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

const resource = resourceFromAttributes({ 'service.name': 'checkout', 'service.version': '1.2.3' });

/** Made by their settings alone, as applications do. */
const EXPORTERS = {
  'http/protobuf': (url: string) => ({ logs: new ProtobufLogs({ url: `${url}/v1/logs` }), traces: new ProtobufTraces({ url: `${url}/v1/traces` }) }),
  'http/json': (url: string) => ({ logs: new JsonLogs({ url: `${url}/v1/logs` }), traces: new JsonTraces({ url: `${url}/v1/traces` }) }),
  grpc: (url: string) => ({ logs: new GrpcLogs({ url }), traces: new GrpcTraces({ url }) }),
} as const;

afterEach(() => vi.unstubAllEnvs());

describe.each([
  ['http/protobuf', 'none'],
  ['http/protobuf', 'gzip'],
  ['http/json', 'none'],
  ['http/json', 'gzip'],
  ['grpc', 'none'],
  ['grpc', 'gzip'],
] as const)('the OpenTelemetry SDK for Node, %s, compression %s', (name, compression) => {
  it('delivers spans and the log records written within them', async () => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_COMPRESSION', compression);
    await using doors = new Doors();
    const exporters = EXPORTERS[name](await doors.open(name === 'grpc' ? 'grpc' : 'http'));
    const tracing = new NodeTracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor(exporters.traces)] });
    const logging = new LoggerProvider({ resource, processors: [new SimpleLogRecordProcessor({ exporter: exporters.logs })] });
    const tracer = tracing.getTracer('shop', '7');
    const span = tracer.startSpan('PUT /cart', { kind: 1, attributes: { 'http.response.status_code': 500, ratio: 0.5, ok: false, tags: ['a', 'b'] } });
    span.addEvent('exception', { 'exception.type': 'TypeError' });
    span.addLink({ context: { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags: 1 } });
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });
    span.end();
    logging.getLogger('app').emit({ severityNumber: SeverityNumber.WARN, severityText: 'WARN', body: { order: 7, état: 'tard' }, attributes: { 'user.id': 'u1' } });
    await tracing.shutdown();
    await logging.shutdown();

    const { traceId, spanId } = span.spanContext();
    expect(doors.spans.records).toMatchObject([
      {
        traceId,
        spanId,
        name: 'PUT /cart',
        kind: 2,
        resource: { 'service.name': 'checkout', 'service.version': '1.2.3' },
        scope: 'shop',
        attributes: { 'http.response.status_code': 500, ratio: 0.5, ok: false, tags: ['a', 'b'] },
        events: [{ name: 'exception', attributes: { 'exception.type': 'TypeError' } }],
        links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16) }],
        status: { code: 2, message: 'broken' },
      },
    ]);
    expect(doors.logs.records).toMatchObject([
      { severityNumber: 13, severityText: 'WARN', body: { order: 7, état: 'tard' }, attributes: { 'user.id': 'u1' }, resource: { 'service.name': 'checkout' }, scope: 'app' },
    ]);
    const { startTimeUnixNano, endTimeUnixNano } = doors.spans.records[0]!;
    expect(BigInt(endTimeUnixNano as string) - BigInt(startTimeUnixNano as string)).toBeGreaterThanOrEqual(0n);
    const expectedReceiver = name === 'grpc' ? 'otlp-grpc' : 'otlp';
    expect([...doors.logs.sources, ...doors.spans.sources].map(({ receiver }) => receiver)).toEqual([expectedReceiver, expectedReceiver]);
  });
});

it('delivers the metrics of the OpenTelemetry SDK for Node over gRPC', async () => {
  await using doors = new Doors();
  const exporter = new GrpcMetrics({ url: await doors.open('grpc') });
  const provider = new MeterProvider({ resource, readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })] });
  provider.getMeter('test').createCounter('http.requests').add(3, { route: '/' });
  await provider.forceFlush();
  await provider.shutdown();
  expect(doors.metrics.ofMetric('http_requests_total')[0]).toMatchObject({ value: 3, labels: expect.arrayContaining(['job', 'checkout', 'route', '/']) });
});
