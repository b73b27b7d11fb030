import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LogsAnswer, StatusAnswer, TopologyAnswer, TraceAnswer, TracesAnswer } from '@pitot/core';
import { writeLogsRequest, writeTracesRequest, type OtlpLogRecord, type OtlpSpan } from '@pitot/core/otlp-writer';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../core/src/fixtures/free-port.ts';
import { eventually, PitotProcess } from './fixtures/pitot-process.ts';

const MS = 1_000_000n;
const EXAMPLE = resolve(import.meta.dirname, '../../../../examples/instrumented-node');
/** Calls are paired every ten seconds, and this machine may be busy: two minutes. */
const PATIENT_TRIES = 1200;
const TIMEOUT_MS = 240_000;

let scratch: string;
let pitot: PitotProcess;
const children: ChildProcess[] = [];
beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'pitot-telemetry-'));
  pitot = await PitotProcess.start(join(scratch, 'data'));
});
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await pitot.end('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

async function get<T>(path: string, parameters: Record<string, string> = {}): Promise<T> {
  const answer = await fetch(`${pitot.url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

async function send(signal: 'logs' | 'traces', body: Uint8Array): Promise<void> {
  const answer = await fetch(`${pitot.otlpUrl}/v1/${signal}`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body });
  expect(answer.status).toBe(200);
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

function spanOf(trace: number, span: number, more: Partial<OtlpSpan> = {}): OtlpSpan {
  const startTimeUnixNano = BigInt(Date.now()) * MS;
  return { traceId: hex(trace, 32), spanId: hex(trace * 16 + span, 16), name: 'GET /', kind: 2, startTimeUnixNano, endTimeUnixNano: startTimeUnixNano + 5n * MS, ...more };
}

const of = (service: string) => ({ attributes: { 'service.name': service } });

describe('an instrumented Node application', () => {
  it('appears on the map by itself, with the call between its services', async () => {
    const [backendPort, frontendPort] = [await freePort(), await freePort()];
    const start = (service: string, ...args: string[]): void => {
      const env = { ...process.env, OTEL_SERVICE_NAME: service, OTEL_EXPORTER_OTLP_ENDPOINT: pitot.otlpUrl };
      children.push(spawn(process.execPath, ['--require', './tracing.cjs', 'app.cjs', ...args], { cwd: EXAMPLE, env, stdio: 'ignore' }));
    };
    start('backend', 'backend', String(backendPort));
    start('frontend', 'frontend', String(frontendPort), `http://127.0.0.1:${backendPort}`);
    // 502 is the frontend while its backend is not up yet.
    await eventually(async () => expect((await fetch(`http://127.0.0.1:${frontendPort}/`)).status).not.toBe(502), PATIENT_TRIES);
    for (let i = 0; i < 30; i++) await fetch(`http://127.0.0.1:${frontendPort}/`);
    await eventually(async () => {
      const map = await get<TopologyAnswer>('topology');
      const edge = map.edges.find(({ id }) => id === 'service:frontend→service:backend');
      expect(edge?.red?.calls).toBeGreaterThanOrEqual(31);
      expect(edge?.evidence.map(({ source }) => source)).toEqual(['spans']);
    }, PATIENT_TRIES);
    await eventually(async () => {
      const [calls] = await pitot.instant('sum(traces_span_metrics_calls_total{service_name="backend",span_kind="SPAN_KIND_SERVER"})');
      expect(Number(calls?.value[1])).toBeGreaterThanOrEqual(31);
    }, PATIENT_TRIES);
  }, TIMEOUT_MS);
});

describe('doors', () => {
  it('take spans over gRPC from the SDK', async () => {
    const grpc = (await get<StatusAnswer>('status')).listeners.find(({ name }) => name === 'otlp-grpc')!.url;
    const exporter = new OTLPTraceExporter({ url: grpc.replace('grpc://', 'http://') });
    const provider = new NodeTracerProvider({ resource: resourceFromAttributes({ 'service.name': 'over-grpc' }), spanProcessors: [new SimpleSpanProcessor(exporter)] });
    provider.getTracer('test').startSpan('say hello').end();
    await provider.shutdown();
    await eventually(async () => {
      const { traces } = await get<TracesAnswer>('traces', { query: 'service:over-grpc' });
      expect(traces.map(({ root_operation }) => root_operation)).toEqual(['say hello']);
    }, PATIENT_TRIES);
  }, TIMEOUT_MS);

  it("take Loki's pushes, redact them, and find their lines", async () => {
    const line = 'payment of 4111 1111 1111 1111 refused for anna@example.com';
    const body = JSON.stringify({ streams: [{ stream: { service_name: 'from-loki', level: 'error' }, values: [[String(BigInt(Date.now()) * MS), line]] }] });
    const answer = await fetch(`${pitot.url}/loki/api/v1/push`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(answer.status).toBe(204);
    await eventually(async () => {
      const { logs } = await get<LogsAnswer>('logs', { query: 'service:from-loki level:error refused' });
      expect(logs.map((record) => record.body)).toEqual(['payment of [redacted:card] refused for [redacted:email]']);
    }, PATIENT_TRIES);
  }, TIMEOUT_MS);
});

describe('after kill -9', () => {
  it('every acknowledged record and span is there once, and counted once', async () => {
    const records = (batch: number): OtlpLogRecord[] => Array.from({ length: 50 }, (_, i) => ({ timeUnixNano: BigInt(Date.now()) * MS, severityNumber: 9, body: `batch ${batch} line ${i}` }));
    let batches = 0;
    const killed = (async () => {
      for (; batches < 20; batches++) {
        await send('logs', writeLogsRequest([{ resource: of('killed'), records: records(batches) }]));
        await send('traces', writeTracesRequest([{ resource: of('killed'), records: Array.from({ length: 50 }, (_, i) => spanOf(1_000_000 + batches * 50 + i, 1)) }]));
      }
    })();
    await killed;
    await pitot.end('SIGKILL');
    pitot = await PitotProcess.start(join(scratch, 'data'));
    await eventually(async () => {
      expect((await get<{ total: number }>('logs/histogram', { query: 'service:killed' })).total).toBe(1000);
      expect((await get<TracesAnswer>('traces', { query: 'service:killed' })).spans_found).toBe(1000);
      const counted = await pitot.instant('sum(max_over_time(traces_span_metrics_calls_total{service_name="killed"}[30m]))');
      expect(Number(counted[0]?.value[1])).toBe(1000);
    }, PATIENT_TRIES);
  }, TIMEOUT_MS);
});

describe('traces that are not as they should be', () => {
  it('are shown with what is wrong with them', async () => {
    const trace = 77;
    const spans = [
      spanOf(trace, 1),
      spanOf(trace, 2, { parentSpanId: hex(trace * 16 + 3, 16) }),
      spanOf(trace, 3, { parentSpanId: hex(trace * 16 + 2, 16) }),
      spanOf(trace, 4, { parentSpanId: hex(999_999, 16), endTimeUnixNano: 1n }),
      spanOf(trace, 5, { parentSpanId: hex(trace * 16 + 5, 16), attributes: { big: 'x'.repeat(1_000_000) } }),
    ];
    await send('traces', writeTracesRequest([{ resource: of('odd'), records: spans }]));
    await eventually(async () => {
      const answer = await get<TraceAnswer>(`traces/${hex(trace, 32)}`);
      expect(answer.spans).toHaveLength(5);
      expect(answer.problems.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['missing_parent', 'cycle']));
    }, PATIENT_TRIES);
  }, TIMEOUT_MS);
});

describe('tail sampling', () => {
  it('keeps what failed, drops the rest, and counts everything', async () => {
    const file = join(scratch, 'sampling.yaml');
    writeFileSync(file, 'traces:\n  sampling: { enabled: true, decision_wait_seconds: 2, probability: 0, slower_than_p95: false, rare_per_minute: 0 }\n');
    const sampling = await PitotProcess.start(join(scratch, 'sampling'), { PITOT_CONFIG: file });
    try {
      const spans = Array.from({ length: 40 }, (_, i) => spanOf(5000 + i, 1, i < 4 ? { statusCode: 2 } : {}));
      const body = writeTracesRequest([{ resource: of('sampled'), records: spans }]);
      const sent = await fetch(`${sampling.otlpUrl}/v1/traces`, { method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body });
      expect(sent.status).toBe(200);
      const ask = async <T>(path: string): Promise<T> => (await (await fetch(`${sampling.url}/api/v1/${path}`)).json()) as T;
      // Before the decision a trace is found by its id; after it, those that failed are kept.
      await eventually(async () => expect((await ask<TraceAnswer>(`traces/${hex(5000, 32)}`)).spans).toHaveLength(1), PATIENT_TRIES);
      await eventually(async () => expect((await ask<TracesAnswer>('traces?query=service:sampled')).traces).toHaveLength(4), PATIENT_TRIES);
      await eventually(async () => {
        const counted = await sampling.instant('sum(max_over_time(traces_span_metrics_calls_total{service_name="sampled"}[10m]))');
        expect(Number(counted[0]?.value[1])).toBe(40);
      }, PATIENT_TRIES);
    } finally {
      await sampling.end('SIGKILL');
    }
  }, TIMEOUT_MS);
});
