import { setImmediate as turn } from 'node:timers/promises';
import zlib from 'node:zlib';
import { AppError, type BatchSource, type HttpRoute, type Limits, type Receiver } from '@pitot/core';
import snappy from 'snappy';
import { describe, expect, it } from 'vitest';
import type { Encoding } from './body.ts';
import { deliver, NOW_MS, openRoute, postRequest, signalContext, type Delivered } from './fixtures/delivery.ts';
import { MemorySink } from './fixtures/memory-sink.ts';
import type { SignalName } from './fixtures/otlp-messages.ts';
import { damaged, seeded } from './fixtures/damage.ts';
import { SignalMemory } from './fixtures/signal-memory.ts';

/** One format of one route, as the suite needs to know it. */
export interface ConformanceSubject {
  readonly receiver: Receiver;
  readonly path: string;
  readonly contentType: string;
  /** What the route takes: metrics where it is absent. A sample is then a log record or a span. */
  readonly signal?: SignalName;
  /** Every encoding the route reads; the first is used where the encoding does not matter. */
  readonly encodings: readonly [Encoding, ...Encoding[]];
  /** A good body, not yet encoded, whose every sample is one accepted float sample, log record or span; sample i is of series i. */
  payload(samples: number, timestampMs: number): Uint8Array;
  /** Bodies that are not of the format, and what the answer must say of each. */
  readonly malformed: readonly { readonly name: string; readonly payload: Uint8Array; readonly says: RegExp }[];
  /** What a body without any bytes (before encoding) is answered with: taken as an empty message, or refused. */
  readonly emptyStatus: number;
  /** Whether any cut of a good body is refused. False where a shorter body can be a good one. */
  readonly everyCutIsMalformed: boolean;
  /** How many samples the answer says were turned away. */
  rejectedOf(answer: Delivered): number;
}

const FUZZ_ROUNDS = 4000;
const TAKEN = [200, 202, 204];
const SAMPLES = 7;

/** What every receiver must hold to. Call it once per content type in the receiver's test. */
export function receiverConformance(subject: ConformanceSubject): void {
  describe(`${subject.receiver.name} conforms (${subject.path}, ${subject.contentType})`, () => {
    wellFormedBodies(subject);
    wrongBodies(subject);
    sizes(subject);
    commits(subject);
    fuzzing(subject);
  });
}

/** What the sinks of every signal have in common for tests. */
interface TestSink {
  readonly sources: readonly BatchSource[];
  readonly begun: number;
  readonly commits: number;
  failure: AppError | undefined;
  gate: Promise<void>;
}

class Bench {
  readonly metrics = new MemorySink();
  readonly signals: SignalMemory;
  readonly route: HttpRoute;
  readonly #subject: ConformanceSubject;

  constructor(subject: ConformanceSubject, limits: Partial<Limits> = {}) {
    this.#subject = subject;
    this.signals = new SignalMemory(subject.signal ?? 'logs', limits);
    const context = signalContext({ metrics: this.metrics, logs: this.signals, spans: this.signals }, limits);
    this.route = openRoute(subject.receiver, context, subject.path);
  }

  get sink(): TestSink {
    return this.#subject.signal === undefined ? this.metrics : this.signals;
  }

  /** Samples, log records or spans of one time; of any time where none is given. */
  taken(atMs?: number): number {
    const times =
      this.#subject.signal === undefined
        ? this.metrics.samples.map(({ timestampMs }) => timestampMs)
        : this.signals.records.map(({ timeUnixNano, startTimeUnixNano }) => Number(BigInt((timeUnixNano ?? startTimeUnixNano ?? 0) as string) / 1_000_000n));
    return atMs === undefined ? times.length : times.filter((timeMs) => timeMs === atMs).length;
  }

  /** Turns the first so many away. */
  refuseFirst(count: number): void {
    let asked = 0;
    this.metrics.refuse = () => (asked++ < count ? 'active_series_limit' : undefined);
    this.signals.refuse = () => (asked++ < count ? 'too_old' : undefined);
  }

  /** Turns everything away as too old. */
  refuseAll(): void {
    this.metrics.tooOldBeforeMs = NOW_MS;
    this.signals.refuse = () => 'too_old';
  }

  send(body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Delivered> {
    const { contentType, encodings, path } = this.#subject;
    const given = { 'content-type': contentType, 'content-encoding': encodings[0], ...headers };
    return deliver(this.route, postRequest(path, given, body));
  }

  /** Encodes with the subject's first encoding and sends. */
  sendPayload(payload: Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Delivered> {
    return this.send(encode(payload, this.#subject.encodings[0]), headers);
  }
}

function wellFormedBodies(subject: ConformanceSubject): void {
  it.each(subject.encodings)('takes %s', async (encoding) => {
    const bench = new Bench(subject);
    const answer = await bench.send(encode(subject.payload(SAMPLES, NOW_MS), encoding), { 'content-encoding': encoding });
    expect(answer.text).not.toMatch(/error"/);
    expect(TAKEN).toContain(answer.status);
    expect(bench.taken(NOW_MS)).toBeGreaterThanOrEqual(SAMPLES);
  });

  it('names its source and the key', async () => {
    const bench = new Bench(subject);
    const headers = { 'content-type': subject.contentType, 'content-encoding': subject.encodings[0] };
    const body = encode(subject.payload(1, NOW_MS), subject.encodings[0]);
    await deliver(bench.route, postRequest(subject.path, headers, body, 'key-1'));
    expect(bench.sink.sources[0]).toEqual({ receiver: subject.receiver.name, keyId: 'key-1' });
    expect(bench.route.scope).toBe('ingest');
  });

  it.skipIf(subject.signal !== undefined)('gives the same series the same labels in every request, also after handles became void', async () => {
    const bench = new Bench(subject);
    const labels = async (atMs: number) => {
      bench.metrics.samples.length = 0;
      expect(TAKEN).toContain((await bench.sendPayload(subject.payload(SAMPLES, atMs))).status);
      return bench.metrics.samples.filter(({ timestampMs }) => timestampMs === atMs).map((sample) => sample.labels.join('|'));
    };
    const first = await labels(NOW_MS);
    expect(new Set(first).size).toBe(first.length);
    expect((await labels(NOW_MS + 1000)).filter((key) => first.includes(key)).length).toBeGreaterThanOrEqual(SAMPLES);
    bench.metrics.evict();
    expect((await labels(NOW_MS + 2000)).filter((key) => first.includes(key)).length).toBeGreaterThanOrEqual(SAMPLES);
  });
}

function wrongBodies(subject: ConformanceSubject): void {
  it('refuses another content type with 415 and names what it reads', async () => {
    const bench = new Bench(subject);
    const answer = await bench.sendPayload(subject.payload(1, NOW_MS), { 'content-type': 'text/csv' });
    expect(answer.status).toBe(415);
    expect(answer.text).toContain(subject.contentType.split(';')[0]);
    expect(bench.sink.begun).toBe(0);
  });

  it('refuses another encoding with 415 and names what it reads', async () => {
    const bench = new Bench(subject);
    const answer = await bench.sendPayload(subject.payload(1, NOW_MS), { 'content-encoding': 'br' });
    expect(answer.status).toBe(415);
    for (const encoding of subject.encodings) expect(answer.text).toContain(encoding);
  });

  const compressed = subject.encodings.filter((encoding) => encoding !== 'identity');
  it.each(compressed)('refuses a body that is not %s with 400', async (encoding) => {
    const bench = new Bench(subject);
    const whole = encode(subject.payload(50, NOW_MS), encoding);
    const cut = await bench.send(whole.subarray(0, whole.length >> 1), { 'content-encoding': encoding });
    const nothing = await bench.send(new Uint8Array(0), { 'content-encoding': encoding });
    const other = await bench.send(Buffer.from('\x05not compressed at all'), { 'content-encoding': encoding });
    for (const answer of [cut, nothing, other]) {
      expect(answer.status).toBe(400);
      expect(answer.text).toContain(encoding);
    }
    expect(bench.sink.commits).toBe(0);
  });

  it.each(subject.malformed)('refuses $name with 400 and says where', async ({ payload, says }) => {
    const bench = new Bench(subject);
    const answer = await bench.sendPayload(payload);
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(says);
    expect(bench.sink.commits).toBe(0);
  });

  it('takes a body that is cut off whole or not at all', async () => {
    const whole = subject.payload(3, NOW_MS);
    for (let length = 1; length < whole.length; length++) {
      const bench = new Bench(subject);
      const { status } = await bench.sendPayload(whole.subarray(0, length));
      // A cut between two fields of a protobuf message is a shorter good message.
      const isTaken = !subject.everyCutIsMalformed && TAKEN.includes(status);
      expect([status, bench.sink.commits]).toEqual(isTaken ? [status, 1] : [400, 0]);
    }
  });

  it('answers an empty body sensibly', async () => {
    const bench = new Bench(subject);
    const answer = await bench.sendPayload(new Uint8Array(0));
    expect(answer.status).toBe(subject.emptyStatus);
    expect(bench.taken()).toBe(0);
  });
}

function sizes(subject: ConformanceSubject): void {
  it('refuses a body that is too large as sent, naming the limit', async () => {
    const bench = new Bench(subject, { body_bytes: 20 });
    const answer = await bench.sendPayload(subject.payload(50, NOW_MS));
    expect(answer.status).toBe(413);
    expect(answer.text).toContain('limits.body_bytes');
    expect(answer.text).toContain('20');
  });

  it.each(subject.encodings)('stops decompressing %s at the limit, naming it', async (encoding) => {
    const limit = 1_000_003;
    const bench = new Bench(subject, { decompressed_body_bytes: limit });
    // Twenty megabytes of zeros: where decompression did not stop, memory would show it.
    const bomb = encode(new Uint8Array(20_000_000), encoding);
    const before = process.memoryUsage().arrayBuffers;
    const answer = await bench.send(bomb, { 'content-encoding': encoding });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(15_000_000);
    expect(answer.status).toBe(413);
    expect(answer.text).toContain('limits.decompressed_body_bytes');
    expect(answer.text).toContain(String(limit));
  });

  it('survives a body of a million empty parts', async () => {
    const bench = new Bench(subject);
    // Protobuf reads this as two million empty fields of number 1; JSON readers see no JSON.
    const answer = await bench.sendPayload(Buffer.alloc(4_000_000, Buffer.from([0x0a, 0x00])));
    // Where the format keeps that number unused, such a body is a good one, and empty.
    expect([...TAKEN, 400, 413]).toContain(answer.status);
    expect(bench.taken()).toBe(0);
  });

  it('takes a body of exactly the limit', async () => {
    const payload = subject.payload(SAMPLES, NOW_MS);
    for (const encoding of subject.encodings) {
      const bench = new Bench(subject, { decompressed_body_bytes: payload.length });
      const answer = await bench.send(encode(payload, encoding), { 'content-encoding': encoding });
      expect(TAKEN).toContain(answer.status);
      const tight = new Bench(subject, { decompressed_body_bytes: payload.length - 1 });
      expect((await tight.send(encode(payload, encoding), { 'content-encoding': encoding })).status).toBe(413);
    }
  });

  it('refuses too many samples with 413, naming the limit', async () => {
    const bench = new Bench(subject, { samples_per_request: 5, records_per_request: 5 });
    const answer = await bench.sendPayload(subject.payload(6, NOW_MS));
    expect(answer.status).toBe(413);
    expect(answer.text).toContain(subject.signal === undefined ? 'limits.samples_per_request' : 'limits.records_per_request');
    expect(answer.text).toContain('5');
    expect(bench.sink.commits).toBe(0);
    expect(TAKEN).toContain((await bench.sendPayload(subject.payload(4, NOW_MS))).status);
  });
}

function commits(subject: ConformanceSubject): void {
  it('answers only after the commit is durable', async () => {
    const bench = new Bench(subject);
    let open = (): void => {};
    bench.sink.gate = new Promise((resolve) => (open = resolve));
    let answered = false;
    const answer = bench.sendPayload(subject.payload(1, NOW_MS)).finally(() => (answered = true));
    for (let i = 0; i < 20; i++) await turn();
    expect(answered).toBe(false);
    open();
    expect(TAKEN).toContain((await answer).status);
  });

  it.each([
    ['spool_full', 429],
    ['store_unavailable', 503],
    ['shutting_down', 503],
    ['disk_full', 503],
  ] as const)('passes %s on as %i with Retry-After, and takes the same body later', async (code, status) => {
    const bench = new Bench(subject);
    bench.sink.failure = new AppError(code, 'nothing was taken', { retryAfterSeconds: 7 });
    const body = subject.payload(SAMPLES, NOW_MS);
    const answer = await bench.sendPayload(body);
    expect(answer.status).toBe(status);
    expect(answer.headers['retry-after']).toBe('7');
    bench.sink.failure = undefined;
    expect(TAKEN).toContain((await bench.sendPayload(body)).status);
    expect(bench.taken(NOW_MS)).toBeGreaterThanOrEqual(SAMPLES);
  });

  it('says how many samples were turned away, and takes the others', async () => {
    const bench = new Bench(subject);
    bench.refuseFirst(2);
    const answer = await bench.sendPayload(subject.payload(SAMPLES, NOW_MS));
    expect(subject.rejectedOf(answer)).toBe(2);
    expect(answer.text).toContain(subject.signal === undefined ? 'active_series' : 'too_old');
    expect(bench.taken(NOW_MS)).toBeGreaterThanOrEqual(SAMPLES - 2);
  });

  it('says so when every sample was turned away', async () => {
    const bench = new Bench(subject);
    bench.refuseAll();
    const answer = await bench.sendPayload(subject.payload(SAMPLES, NOW_MS - 1));
    expect(subject.rejectedOf(answer)).toBeGreaterThanOrEqual(SAMPLES);
    expect(answer.text).toContain('too_old');
    expect(bench.taken()).toBe(0);
  });
}

function fuzzing(subject: ConformanceSubject): void {
  it(`survives ${FUZZ_ROUNDS} damaged bodies`, async () => {
    const random = seeded(20_260_102);
    const bench = new Bench(subject);
    const seedPayload = Buffer.from(subject.payload(4, NOW_MS));
    for (let round = 0; round < FUZZ_ROUNDS; round++) {
      const encoding = subject.encodings[round % subject.encodings.length]!;
      // Every fourth time the damage is outside the compression.
      const outside = round % 4 === 0;
      const body = outside ? damaged(encode(seedPayload, encoding), random) : encode(damaged(seedPayload, random), encoding);
      const { commits: before } = bench.sink;
      const answer = await bench.send(body, { 'content-encoding': encoding });
      expect([200, 202, 204, 400, 413, 422]).toContain(answer.status);
      const isRefusedWhole = answer.status === 413;
      expect(isRefusedWhole && bench.sink.commits !== before).toBe(false);
      bench.metrics.samples.length = 0;
      bench.signals.records.length = 0;
    }
    expect(bench.sink.commits).toBeGreaterThan(0);
  });
}

function encode(payload: Uint8Array, encoding: Encoding): Uint8Array {
  switch (encoding) {
    case 'identity':
      return payload;
    case 'gzip':
      return zlib.gzipSync(payload);
    case 'deflate':
      return zlib.deflateSync(payload);
    case 'snappy':
      return snappy.compressSync(Buffer.from(payload));
  }
}
