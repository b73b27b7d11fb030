import { Agent, request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { AppError } from '@pitot/core';
import { writeLogsRequest, writeMetricsRequest, writeTracesRequest, type OtlpGroup } from '@pitot/core/otlp-writer';
import type { Telemetry } from '../run/simulation.ts';

const gzipBody = promisify(gzip);
/** Records in one request; enough to be cheap, few enough to stay far below every limit. */
const RECORDS_PER_REQUEST = 4000;
const METRIC_GROUPS_PER_REQUEST = 100;
const TIMEOUT_MS = 30_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** A server may say now and then that it is busy; that is not worth a word. */
const ATTEMPTS_IN_SILENCE = 3;

type Signal = 'traces' | 'logs' | 'metrics';

export interface SenderOptions {
  /** Where `/v1/traces` and its sisters are, without them: `http://127.0.0.1:4318`. */
  readonly url: string;
  readonly signal: AbortSignal;
  /** Told once when the server stops taking data, and once when it takes it again. */
  readonly notice: (text: string) => void;
}

/** What went over the wire. */
export interface SendCounts {
  requests: number;
  bytes: number;
  spans: number;
  logs: number;
  metrics: number;
  retries: number;
}

/** Sends telemetry over OTLP/HTTP as gzipped protobuf, in order; waits as long as the server asks for or is away. */
export class OtlpSender {
  readonly counts: SendCounts = { requests: 0, bytes: 0, spans: 0, logs: 0, metrics: 0, retries: 0 };
  readonly #options: SenderOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  #isAway = false;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Resolves when everything was taken; rejects with `canceled` on abort and with the server's words where it will never take it. */
  async send({ spans, logs, metrics }: Telemetry): Promise<void> {
    await Promise.all([
      this.#sendSignal('traces', spans, (part) => writeTracesRequest(part), RECORDS_PER_REQUEST),
      this.#sendSignal('logs', logs, (part) => writeLogsRequest(part), RECORDS_PER_REQUEST),
      this.#sendSignal('metrics', metrics, (part) => writeMetricsRequest(part), Number.POSITIVE_INFINITY),
    ]);
    this.counts.spans += count(spans);
    this.counts.logs += count(logs);
    this.counts.metrics += count(metrics);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #sendSignal<T>(signal: Signal, groups: readonly OtlpGroup<T>[], write: (part: readonly OtlpGroup<T>[]) => Uint8Array, mostRecords: number): Promise<void> {
    let part: OtlpGroup<T>[] = [];
    let records = 0;
    for (const group of merged(groups, signal !== 'metrics')) {
      part.push(group);
      records += group.records.length;
      if (records < mostRecords && part.length < METRIC_GROUPS_PER_REQUEST * (signal === 'metrics' ? 1 : 100)) continue;
      await this.#post(signal, write(part));
      part = [];
      records = 0;
    }
    if (part.length > 0) await this.#post(signal, write(part));
  }

  async #post(signal: Signal, message: Uint8Array): Promise<void> {
    const body = await gzipBody(message, { level: constants.Z_BEST_SPEED });
    for (let attempt = 0; ; attempt++) {
      const answer = await this.#attempt(signal, body);
      if (answer.status >= 200 && answer.status < 300) {
        if (this.#isAway) this.#options.notice('the server takes data again');
        this.#isAway = false;
        this.counts.requests++;
        this.counts.bytes += body.length;
        return;
      }
      const mayPass = answer.status === 0 || answer.status === 429 || answer.status >= 502;
      if (!mayPass) {
        throw new AppError('bad_request', `${this.#options.url}/v1/${signal} answered ${answer.status}: ${answer.text.slice(0, 300)}`, { fields: { status: answer.status } });
      }
      if (!this.#isAway && attempt + 1 >= ATTEMPTS_IN_SILENCE) {
        this.#isAway = true;
        this.#options.notice(`${this.#options.url}/v1/${signal} does not take data (${answer.status === 0 ? answer.text : answer.status}); trying on`);
      }
      this.counts.retries++;
      const waitMs = answer.retryAfterMs ?? Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10));
      await sleep(waitMs, undefined, { signal: this.#options.signal });
    }
  }

  #attempt(signal: Signal, body: Uint8Array): Promise<{ status: number; text: string; retryAfterMs: number | undefined }> {
    this.#options.signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string; retryAfterMs: number | undefined }>();
    const request = httpRequest(
      `${this.#options.url}/v1/${signal}`,
      {
        method: 'POST',
        agent: this.#agent,
        signal: this.#options.signal,
        timeout: TIMEOUT_MS,
        headers: { 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip', 'content-length': body.length, 'user-agent': 'pitot-simulator' },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const seconds = Number(response.headers['retry-after']);
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString(), retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined });
        });
      },
    );
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on('error', (error) => {
      if (this.#options.signal.aborted) reject(error);
      else resolve({ status: 0, text: error.message || 'no connection', retryAfterMs: undefined });
    });
    request.end(body);
    return promise;
  }
}

/** One group per resource where order within it is all that counts, so that a resource is written once a request. */
function merged<T>(groups: readonly OtlpGroup<T>[], mayMerge: boolean): Iterable<OtlpGroup<T>> {
  if (!mayMerge) return groups;
  const byResource = new Map<OtlpGroup<T>['resource'], { group: OtlpGroup<T>; records: T[] }>();
  for (const group of groups) {
    const known = byResource.get(group.resource);
    if (known === undefined) byResource.set(group.resource, { group, records: [...group.records] });
    else known.records.push(...group.records);
  }
  return Array.from(byResource.values(), ({ group, records }) => ({ ...group, records }));
}

const count = (groups: readonly OtlpGroup<unknown>[]): number => groups.reduce((sum, { records }) => sum + records.length, 0);
