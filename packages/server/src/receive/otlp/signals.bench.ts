import { gzipSync } from 'node:zlib';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { printRate } from '../fixtures/cpu-time.ts';
import { listenerContext, NOW_MS, openRoute, postRequest, signalContext } from '../fixtures/delivery.ts';
import { NullSink } from '../fixtures/null-sink.ts';
import { encodeSignal, type SignalName } from '../fixtures/otlp-messages.ts';
import { attributesOf, nanoseconds } from './fixtures/messages.ts';
import { otlpGrpc } from './grpc.ts';
import { otlp } from './receiver.ts';

// Log records and spans per CPU-second of the OTLP doors into a sink that does nothing: what JSON, gzip and gRPC add to protobuf over HTTP,
// whose own door is then nearly free. 1,000 records in one request, 8 attributes of the resource, 6 of a record. The gRPC figure includes
// the client in the same process and the sockets between the two. Run: node packages/server/src/receive/otlp/signals.bench.ts

const RECORDS = 1000;
const RESOURCE = {
  attributes: attributesOf({
    'service.name': 'checkout',
    'service.namespace': 'shop',
    'service.instance.id': '6f0e3a50-0000-4000-8000-000000000001',
    'host.name': 'ip-10-0-0-17',
    'telemetry.sdk.name': 'opentelemetry',
    'telemetry.sdk.language': 'nodejs',
    'deployment.environment.name': 'production',
    'k8s.pod.name': 'checkout-7d9f8b6c5d-x2v9p',
  }),
};

function requestOf(signal: SignalName): object {
  const records = Array.from({ length: RECORDS }, (_, i) => {
    const ids = { traceId: (i + 1).toString(16).padStart(32, '4'), spanId: (i + 1).toString(16).padStart(16, '7') };
    const attributes = attributesOf({
      'http.request.method': i % 2 === 0 ? 'GET' : 'POST',
      'http.response.status_code': 200 + (i % 5),
      'http.route': `/api/v1/things/${i % 50}`,
      'network.protocol.version': '1.1',
      'server.address': 'shop.example.com',
      'url.scheme': 'https',
    });
    if (signal === 'logs') return { ...ids, timeUnixNano: nanoseconds(NOW_MS), severityNumber: 9, severityText: 'INFO', body: { stringValue: `order ${i} was paid by card after ${i % 300} ms` }, attributes };
    return { ...ids, name: 'GET /api/v1/things/{id}', kind: 2, startTimeUnixNano: nanoseconds(NOW_MS), endTimeUnixNano: nanoseconds(NOW_MS + 20), attributes };
  });
  if (signal === 'logs') return { resourceLogs: [{ resource: RESOURCE, scopeLogs: [{ scope: { name: 'bench' }, logRecords: records }] }] };
  return { resourceSpans: [{ resource: RESOURCE, scopeSpans: [{ scope: { name: 'bench' }, spans: records }] }] };
}

async function measureHttp(signal: SignalName, format: 'protobuf' | 'json' | 'gzip', rounds: number): Promise<void> {
  const sink = new NullSink();
  const route = openRoute(otlp, signalContext({ logs: sink, spans: sink }), `/v1/${signal}`);
  const headers: Record<string, string> = { 'content-type': format === 'json' ? 'application/json' : 'application/x-protobuf' };
  if (format === 'gzip') headers['content-encoding'] = 'gzip';
  const request = requestOf(signal);
  const bytes = format === 'json' ? Buffer.from(JSON.stringify(request)) : Buffer.from(encodeSignal(signal, request));
  await printRate(`${signal}, http/${format}`, 'records', route, [postRequest(route.path, headers, format === 'gzip' ? gzipSync(bytes) : bytes)], RECORDS, rounds);
}

async function measureGrpc(signal: SignalName, rounds: number): Promise<void> {
  const sink = new NullSink();
  const listener = await otlpGrpc.listen(listenerContext(signalContext({ logs: sink, spans: sink })), { host: '127.0.0.1', port: 0 });
  const client = new Client(new URL(listener.url).host, credentials.createInsecure());
  const message = Buffer.from(encodeSignal(signal, requestOf(signal)));
  const service = signal === 'logs' ? 'logs.v1.LogsService' : 'trace.v1.TraceService';
  const asIs = (bytes: Buffer) => bytes;
  const send = () =>
    new Promise<void>((resolve, reject) => {
      client.makeUnaryRequest(`/opentelemetry.proto.collector.${service}/Export`, asIs, asIs, message, new Metadata(), (error) => (error === null ? resolve() : reject(error)));
    });
  const handle = async () => {
    await send();
    return { status: 200 };
  };
  const route = { method: 'POST', path: '/', listeners: [], scope: 'ingest', summary: '', handle } as const;
  await printRate(`${signal}, grpc with its client`, 'records', route, [postRequest('/', {}, message)], RECORDS, rounds);
  client.close();
  await listener.close();
}

for (const signal of ['logs', 'traces'] as const) {
  await measureHttp(signal, 'protobuf', 5000);
  await measureHttp(signal, 'gzip', 200);
  await measureHttp(signal, 'json', 40);
  await measureGrpc(signal, 500);
}
