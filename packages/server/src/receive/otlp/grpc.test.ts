import { once } from 'node:events';
import http2 from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Client, compressionAlgorithms, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { AppError, type Limits, type ListenerContext, type RunningListener } from '@pitot/core';
import { afterEach, describe, expect, it } from 'vitest';
import { damaged, seeded } from '../fixtures/damage.ts';
import { listenerContext, NOW_MS, signalContext } from '../fixtures/delivery.ts';
import { MemorySink } from '../fixtures/memory-sink.ts';
import { decodeExportResponse, decodeRpcStatus, encodeSignal } from '../fixtures/otlp-messages.ts';
import { SignalMemory } from '../fixtures/signal-memory.ts';
import { listenerConformance } from '../listener-conformance.ts';
import { attributesOf, encodeRequest, nanoseconds, requestOf } from './fixtures/messages.ts';
import { otlpGrpc } from './grpc.ts';

const LOGS = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const TRACES = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
const METRICS = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export';

function logRequest(lines: readonly string[]): Buffer {
  const logRecords = lines.map((stringValue) => ({ timeUnixNano: nanoseconds(NOW_MS), body: { stringValue } }));
  return Buffer.from(encodeSignal('logs', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }));
}

type Answer = { readonly response: Buffer } | { readonly error: ServiceError };

/** A listener on a free port, and a client of it; closed after the test. */
class Door {
  readonly logs = new SignalMemory('logs');
  readonly spans = new SignalMemory('traces');
  readonly metrics = new MemorySink();
  listener!: RunningListener;
  #client: Client | undefined;

  async open(limits: Partial<Limits> = {}, authorize?: ListenerContext['authorize']): Promise<this> {
    const context = listenerContext(signalContext(this, limits), authorize);
    this.listener = await otlpGrpc.listen(context, { host: '127.0.0.1', port: 0 });
    doors.push(this);
    return this;
  }

  get address(): string {
    return new URL(this.listener.url).host;
  }

  send(path: string, message: Buffer, metadata: Metadata = new Metadata(), options: object = {}): Promise<Answer> {
    const asIs = (bytes: Buffer) => bytes;
    this.#client ??= new Client(this.address, credentials.createInsecure(), options);
    return new Promise((resolve) => {
      this.#client!.makeUnaryRequest(path, asIs, asIs, message, metadata, { deadline: Date.now() + 20_000 }, (error, response) => {
        resolve(error === null ? { response: response! } : { error });
      });
    });
  }

  async close(): Promise<void> {
    this.#client?.close();
    await this.listener.close();
  }
}

const doors: Door[] = [];
let door: Door;
afterEach(async () => {
  await Promise.all(doors.splice(0).map((one) => one.close()));
});

function refused(answer: Answer): { code: status; details: string; retryDelaySeconds: number | undefined } {
  if (!('error' in answer)) throw new Error('the request was taken');
  const { code, details, metadata } = answer.error;
  const [bytes] = metadata.get('grpc-status-details-bin');
  if (bytes === undefined) return { code, details, retryDelaySeconds: undefined };
  const said = decodeRpcStatus(bytes as Buffer);
  expect(said).toMatchObject({ code, message: details });
  return { code, details, retryDelaySeconds: said.retryDelaySeconds };
}

function taken(answer: Answer): ReturnType<typeof decodeExportResponse> {
  if ('error' in answer) throw answer.error;
  return decodeExportResponse(answer.response);
}

listenerConformance({
  receiver: otlpGrpc,
  configurationKey: 'PITOT_OTLP_GRPC_LISTEN',
  async send(url, lines) {
    const session = http2.connect(url.replace('grpc:', 'http:'));
    const stream = session.request({ ':method': 'POST', ':path': LOGS, 'content-type': 'application/grpc', te: 'trailers' });
    stream.end(framed(logRequest(lines)));
    stream.resume();
    await once(stream, 'close');
    session.destroy();
  },
  async sendBytes(url, bytes) {
    const { hostname, port } = new URL(url.replace('grpc:', 'http:'));
    const socket = connect(Number(port), hostname).on('error', () => {});
    socket.end(bytes);
    socket.resume();
    await once(socket, 'close');
  },
  damageable: Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]), framed(logRequest(['a']))]),
});

describe('OTLP/gRPC', () => {
  it('takes the three signals, empty ones too', async () => {
    door = await new Door().open();
    const metrics = encodeRequest(requestOf([{ name: 'm', gauge: { dataPoints: [{ timeUnixNano: nanoseconds(NOW_MS), asDouble: 1, attributes: attributesOf({ a: 'b' }) }] } }]));
    const span = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), name: 'x' };
    const spans = encodeSignal('traces', { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
    for (const [path, message] of [[METRICS, metrics], [TRACES, spans], [LOGS, logRequest(['a', 'b'])], [LOGS, new Uint8Array(0)]] as const) {
      expect(taken(await door.send(path, Buffer.from(message)))).toEqual({});
    }
    expect(door.metrics.ofMetric('m')).toHaveLength(1);
    expect(door.spans.records).toMatchObject([span]);
    expect(door.logs.records.map(({ body }) => body)).toEqual(['a', 'b']);
    expect([door.logs, door.spans, door.metrics].map(({ sources }) => sources[0])).toEqual([{ receiver: 'otlp-grpc' }, { receiver: 'otlp-grpc' }, { receiver: 'otlp-grpc' }]);
  });

  it('reports a partial success', async () => {
    door = await new Door().open();
    door.logs.refuse = ({ body }) => (body === 'old' ? 'too_old' : undefined);
    const { partialSuccess } = taken(await door.send(LOGS, logRequest(['old', 'new', 'old'])));
    expect(partialSuccess).toEqual({ rejected: 2, errorMessage: expect.stringMatching(/^log records turned away: 2 too_old \(/) });
  });

  it.each([
    ['spool_full', status.RESOURCE_EXHAUSTED, 7],
    ['store_unavailable', status.UNAVAILABLE, 7],
    ['disk_full', status.UNAVAILABLE, 7],
    ['bad_payload', status.INVALID_ARGUMENT, undefined],
    ['too_many_samples', status.INVALID_ARGUMENT, undefined],
  ] as const)('answers %s by its code, with RetryInfo where a retry makes sense', async (code, expected, retryDelaySeconds) => {
    door = await new Door().open();
    door.logs.failure = new AppError(code, 'é nothing was taken \ud800', retryDelaySeconds === undefined ? {} : { retryAfterSeconds: 6.2 });
    expect(refused(await door.send(LOGS, logRequest(['a'])))).toEqual({ code: expected, details: `${code}: é nothing was taken \ufffd`, retryDelaySeconds });
    door.logs.failure = undefined;
    expect(taken(await door.send(LOGS, logRequest(['a'])))).toEqual({});
  });

  it('keeps a long message short enough for trailers', async () => {
    door = await new Door().open();
    door.logs.failure = new AppError('bad_payload', 'x'.repeat(100_000));
    const { code, details } = refused(await door.send(LOGS, logRequest(['a'])));
    expect([code, details.length]).toEqual([status.INVALID_ARGUMENT, 1001]);
  });

  it('refuses what is no OTLP, naming the byte, and unknown methods', async () => {
    door = await new Door().open();
    expect(refused(await door.send(METRICS, Buffer.from('this is not protobuf')))).toMatchObject({ code: status.INVALID_ARGUMENT, details: expect.stringMatching(/byte \d+/) });
    expect(refused(await door.send('/opentelemetry.proto.collector.profiles.v1.ProfilesService/Export', Buffer.alloc(0)))).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  it('refuses messages that are too large, as sent or once decompressed, and then takes a smaller one', async () => {
    door = await new Door().open({ decompressed_body_bytes: 100_000 });
    const tooLarge = logRequest(['x'.repeat(200_000)]);
    expect(refused(await door.send(LOGS, tooLarge))).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: expect.stringContaining('100000') });
    const bomb = await rawCall(door.address, { 'grpc-encoding': 'gzip' }, framed(gzipSync(Buffer.alloc(50_000_000)), 1));
    expect(bomb).toMatchObject({ code: String(status.RESOURCE_EXHAUSTED), details: expect.stringContaining('100000') });
    expect(taken(await door.send(LOGS, logRequest(['x'.repeat(90_000)])))).toEqual({});
    expect(door.logs.begun).toBe(1);
  });

  it('takes gzip', async () => {
    door = await new Door().open();
    const options = { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip };
    expect(taken(await door.send(LOGS, logRequest(['a'.repeat(10_000)]), new Metadata(), options))).toEqual({});
    expect(door.logs.records).toHaveLength(1);
  });
});

describe('the credentials of OTLP/gRPC', () => {
  const authorize: ListenerContext['authorize'] = ({ authorization, apiKey }, scope) => {
    const key = apiKey ?? authorization?.replace('Bearer ', '');
    if (key === undefined) return Promise.reject(new AppError('not_authenticated', 'send an API key'));
    return key === 'good' && scope === 'ingest' ? Promise.resolve({ keyId: 'key-1' }) : Promise.reject(new AppError('not_allowed', 'the key lacks the scope'));
  };
  const metadataOf = (entries: Record<string, string>) => {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(entries)) metadata.set(name, value);
    return metadata;
  };

  it('are asked for before a message is read', async () => {
    door = await new Door().open({}, authorize);
    expect(refused(await door.send(LOGS, logRequest(['a'])))).toMatchObject({ code: status.UNAUTHENTICATED, details: 'not_authenticated: send an API key' });
    expect(refused(await door.send(LOGS, logRequest(['a']), metadataOf({ 'x-api-key': 'bad' })))).toMatchObject({ code: status.PERMISSION_DENIED });
    expect(door.logs.begun).toBe(0);
    for (const given of [{ 'x-api-key': 'good' }, { authorization: 'Bearer good' }]) expect(taken(await door.send(LOGS, logRequest(['a']), metadataOf(given)))).toEqual({});
    expect(door.logs.sources).toEqual([{ receiver: 'otlp-grpc', keyId: 'key-1' }, { receiver: 'otlp-grpc', keyId: 'key-1' }]);
  });
});

describe('the life of the gRPC listener', () => {
  it('names the configuration key where the address is taken', async () => {
    door = await new Door().open();
    const { hostname, port } = new URL(door.listener.url);
    const again = otlpGrpc.listen(listenerContext(signalContext(door)), { host: hostname, port: Number(port) });
    await expect(again).rejects.toMatchObject({ code: 'bad_config', message: expect.stringContaining('PITOT_OTLP_GRPC_LISTEN') });
  });

  it('refuses new requests while it drains, and lets those in flight end', async () => {
    door = await new Door().open();
    let open = (): void => {};
    door.logs.gate = new Promise((resolve) => (open = resolve));
    const inFlight = door.send(LOGS, logRequest(['a']));
    while (door.logs.begun === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    door.listener.drain();
    expect(refused(await door.send(LOGS, logRequest(['b'])))).toMatchObject({ code: status.UNAVAILABLE, details: expect.stringContaining('shutting_down'), retryDelaySeconds: 5 });
    const closed = door.listener.close();
    open();
    expect(taken(await inFlight)).toEqual({});
    await closed;
    expect(door.logs.records).toHaveLength(1);
  });

  it('closes in spite of half a message that never ends, and serves others meanwhile', async () => {
    door = await new Door().open();
    const session = http2.connect(`http://${door.address}`);
    session.on('error', () => {});
    const half = session.request({ ':method': 'POST', ':path': LOGS, 'content-type': 'application/grpc', te: 'trailers' });
    half.on('error', () => {});
    half.write(framed(logRequest(['a'])).subarray(0, 8));
    expect(taken(await door.send(LOGS, logRequest(['b'])))).toEqual({});
    await door.listener.close();
    expect(door.logs.records).toHaveLength(1);
    session.destroy();
  }, 10_000);
});

describe('bytes that are no gRPC', () => {
  it('do not disturb the listener', async () => {
    door = await new Door().open();
    const [host, port] = door.address.split(':');
    for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\x02\x00', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff']) {
      const socket = connect(Number(port), host).on('error', () => {});
      socket.end(bytes, 'latin1');
      socket.resume();
      await once(socket, 'close');
    }
    expect(taken(await door.send(LOGS, logRequest(['a'])))).toEqual({});
  });

  it('are answered with a status where they come in a gRPC frame: wrong lengths, flags and compression', async () => {
    door = await new Door().open();
    const good = logRequest(['a']);
    const long = Buffer.from(framed(good));
    long.writeUInt32BE(0xffff_ffff, 1);
    expect(await rawCall(door.address, {}, long)).toMatchObject({ code: String(status.RESOURCE_EXHAUSTED) });
    const notGzip = await rawCall(door.address, { 'grpc-encoding': 'gzip' }, framed(good, 1));
    expect(notGzip).toMatchObject({ code: String(status.INTERNAL), details: expect.stringContaining('decompress') });
    const unknown = await rawCall(door.address, { 'grpc-encoding': 'br' }, framed(good, 1));
    expect(unknown).toMatchObject({ code: String(status.UNIMPLEMENTED), details: expect.stringContaining('br') });
    expect(door.logs.begun).toBe(0);
  });

  it('survive 500 damaged messages', async () => {
    door = await new Door().open();
    const random = seeded(4317);
    const good = logRequest(['a', 'b', 'c']);
    for (let round = 0; round < 500; round++) {
      const answer = await door.send(LOGS, Buffer.from(damaged(good, random)));
      const code = 'error' in answer ? refused(answer).code : status.OK;
      expect([status.OK, status.INVALID_ARGUMENT]).toContain(code);
    }
    expect(door.logs.commits).toBeGreaterThan(0);
  });
});

/** A gRPC message with its five bytes of frame. */
function framed(message: Uint8Array, flag = 0): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** A call by hand, for frames that a library would not send. */
async function rawCall(address: string, headers: Record<string, string>, body: Buffer): Promise<{ code: string; details: string }> {
  const session = http2.connect(`http://${address}`);
  const stream = session.request({ ':method': 'POST', ':path': LOGS, 'content-type': 'application/grpc', te: 'trailers', ...headers });
  const said = { code: '', details: '' };
  const read = (fields: http2.IncomingHttpHeaders) => {
    if (fields['grpc-status'] === undefined) return;
    said.code = String(fields['grpc-status']);
    said.details = decodeURI(String(fields['grpc-message'] ?? ''));
  };
  stream.on('response', read);
  stream.on('trailers', read);
  stream.on('error', () => {});
  stream.end(body);
  stream.resume();
  await once(stream, 'close');
  session.destroy();
  return said;
}
