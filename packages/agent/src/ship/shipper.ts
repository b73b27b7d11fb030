import { request as httpRequest, Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { request as httpsRequest, Agent as HttpsAgent } from 'node:https';
import { gzipSync } from 'node:zlib';
import type { Logger } from '@pitot/core';
import type { Outbox, Signal } from './outbox.ts';

export interface ShipperOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly outbox: Outbox;
  readonly log: Logger;
}

/** What came of one attempt: taken; refused for good; or to be tried again after some time. */
type Outcome = { readonly kind: 'taken' } | { readonly kind: 'refused'; readonly reason: string } | { readonly kind: 'later'; readonly reason: string; readonly afterMs: number };

const TIMEOUT_MS = 10_000;
const FIRST_BACKOFF_MS = 1000;
const LONGEST_BACKOFF_MS = 60_000;
/** gzip's fastest level: the sender's processor is worth more than the last tenth. */
const GZIP_LEVEL = 1;
/** Batches from disk in one go, so that new ones are not kept waiting for long. */
const MOST_IN_A_ROW = 50;

/** Sends batches at once while the server answers; keeps them on disk, in order, while it does not. */
export class Shipper {
  /** Batches that went: too much waited, or the server refused them for good. */
  dropped = 0;
  readonly #options: ShipperOptions;
  readonly #agent: HttpAgent | HttpsAgent;
  #notBeforeMs = 0;
  #backoffMs = FIRST_BACKOFF_MS;
  #isAway = false;

  constructor(options: ShipperOptions) {
    this.#options = options;
    const keep = { keepAlive: true, maxSockets: 1 };
    this.#agent = options.url.startsWith('https:') ? new HttpsAgent(keep) : new HttpAgent(keep);
  }

  /** Resolves when the batch is with the server or on disk. Throws only where the disk refuses it. */
  async ship(signal: Signal, message: Uint8Array, nowMs: number): Promise<void> {
    const body = gzipSync(message, { level: GZIP_LEVEL });
    if (this.#options.outbox.isEmpty && nowMs >= this.#notBeforeMs) {
      const outcome = await this.#send(signal, body);
      if (this.#settle(outcome, signal, nowMs)) return;
    }
    const dropped = this.#options.outbox.put(signal, body);
    if (dropped > 0) this.#options.log.warn({ batches: dropped }, 'too much waits for the server; the oldest went');
    this.dropped += dropped;
  }

  /** Sends what waits on disk, oldest first, as far as the server takes it. */
  async flush(nowMs: number): Promise<void> {
    const { outbox } = this.#options;
    for (let sent = 0; sent < MOST_IN_A_ROW && nowMs >= this.#notBeforeMs; sent++) {
      const batch = outbox.oldest();
      if (batch === undefined) return;
      const outcome = await this.#send(batch.signal, batch.body);
      if (!this.#settle(outcome, batch.signal, nowMs)) return;
      outbox.remove(batch.name);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  /** True where the batch is done with. */
  #settle(outcome: Outcome, signal: Signal, nowMs: number): boolean {
    const { log, url } = this.#options;
    if (outcome.kind === 'later') {
      if (!this.#isAway) log.warn({ url, reason: outcome.reason }, 'the server does not take data; it waits on disk');
      this.#isAway = true;
      this.#notBeforeMs = nowMs + Math.max(outcome.afterMs, this.#backoffMs);
      this.#backoffMs = Math.min(LONGEST_BACKOFF_MS, this.#backoffMs * 2);
      return false;
    }
    if (this.#isAway) log.info({ url }, 'the server takes data again');
    this.#isAway = false;
    this.#backoffMs = FIRST_BACKOFF_MS;
    if (outcome.kind === 'refused') {
      this.dropped++;
      log.error({ url, signal, reason: outcome.reason }, 'the server refused a batch for good; it is dropped');
    }
    return true;
  }

  async #send(signal: Signal, body: Uint8Array): Promise<Outcome> {
    try {
      const { status, text, retryAfterMs } = await this.#post(`${this.#options.url}/v1/${signal}`, body);
      if (status >= 200 && status < 300) return { kind: 'taken' };
      const reason = `${status} ${text.slice(0, 300)}`;
      // Not authorised is a matter of configuration, which somebody may mend while the data waits.
      const retryable = status === 429 || status === 401 || status === 403 || status === 404 || status >= 500;
      return retryable ? { kind: 'later', reason, afterMs: retryAfterMs } : { kind: 'refused', reason };
    } catch (error) {
      return { kind: 'later', reason: error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error), afterMs: 0 };
    }
  }

  #post(url: string, body: Uint8Array): Promise<{ status: number; text: string; retryAfterMs: number }> {
    const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string; retryAfterMs: number }>();
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const headers = { ...this.#options.headers, 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip', 'content-length': body.length };
    const request = send(url, { method: 'POST', headers, agent: this.#agent, timeout: TIMEOUT_MS }, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const seconds = Number(response.headers['retry-after']);
        resolve({ status: response.statusCode ?? 0, text: printable(Buffer.concat(chunks)), retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : 0 });
      });
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on('error', reject);
    request.end(body);
    return promise;
  }
}

/** The readable part of an answer that may be protobuf. */
function printable(bytes: Buffer): string {
  return bytes.toString('utf8').replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
}
