import { once } from 'node:events';
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import {
  Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  status as codes,
  type sendUnaryData,
  type ServerInterceptor,
  type ServerUnaryCall,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import {
  AppError,
  defineSocketReceiver,
  toAppError,
  type Counter,
  type Credentials,
  type ListenerContext,
  type RunningListener,
  type SocketAddress,
} from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import { exportResponse, RPC_CODES, rpcStatus, statusMessage } from './answers.ts';
import type { OtlpSignal, TakeRequest } from './signal.ts';
import { SIGNALS } from './signals.ts';

const NAME = 'otlp-grpc';
/** Requests of one connection that are in work at the same time; more wait at the sender. */
const MAX_STREAMS = 256;
/** More are turned away by closing them. */
const MAX_CONNECTIONS = 4096;
/** A request whose message is not whole by then is given up. */
const MESSAGE_TIMEOUT_MS = 60_000;
/** Finds senders that are gone without a word. */
const KEEPALIVE_MS = 120_000;
const KEEPALIVE_TIMEOUT_MS = 20_000;
/** `close` promises five seconds. */
const CLOSE_GRACE_MS = 4000;
const DRAIN_RETRY_SECONDS = 5;
/** Trailers have to fit into what senders take for headers, 8 kB as a rule, and a details message repeats the text. */
const MAX_DETAILS_CHARACTERS = 1000;

/** OTLP/gRPC for metrics, logs and traces: the same requests as over HTTP in another envelope. */
export const otlpGrpc = defineSocketReceiver({
  name: NAME,
  summary: 'OpenTelemetry metrics, logs and traces over gRPC (OTLP)',
  listen,
});

async function listen(context: ListenerContext, address: SocketAddress): Promise<RunningListener> {
  const door = new Door(context);
  const server = new Server({
    'grpc.max_receive_message_length': context.limits.decompressed_body_bytes,
    'grpc.max_concurrent_streams': MAX_STREAMS,
    'grpc.keepalive_time_ms': KEEPALIVE_MS,
    'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
    interceptors: [door.gate],
  });
  for (const signal of SIGNALS) server.addService(definitionOf(signal), door.methodsOf(signal));
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  // The sockets are ours, because the library cannot be made to let go of one whose other end does nothing.
  const sockets = new Set<Socket>();
  const listener = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    injector.injectConnection(socket);
  });
  listener.maxConnections = MAX_CONNECTIONS;
  await bind(listener, address);
  listener.on('error', (err) => context.log.warn({ err, receiver: NAME }, 'gRPC listener failed'));
  return {
    url: `grpc://${urlHost(address.host)}:${(listener.address() as AddressInfo).port}`,
    drain: () => door.drain(),
    async close() {
      const closed = once(listener, 'close');
      listener.close();
      // Requests in flight end; what still runs after the grace, such as half a message, is cut.
      injector.drain(CLOSE_GRACE_MS);
      const cut = setTimeout(() => sockets.forEach((socket) => socket.destroy()), CLOSE_GRACE_MS);
      await closed;
      clearTimeout(cut);
      server.forceShutdown();
    },
  };
}

/** The one method of a signal's service. Bytes pass through: the decoder that reads them is the one behind HTTP. */
function definitionOf({ service }: OtlpSignal): ServiceDefinition {
  const asIs = (bytes: Buffer) => bytes;
  return {
    Export: {
      path: `/${service}/Export`,
      requestStream: false,
      responseStream: false,
      requestSerialize: asIs,
      requestDeserialize: asIs,
      responseSerialize: asIs,
      responseDeserialize: asIs,
    },
  };
}

class Door {
  readonly #context: ListenerContext;
  readonly #requests: Counter;
  /** Whose key a request came with; the metadata is the one object that the gate and the method both see. */
  readonly #keyIds = new WeakMap<Metadata, string>();
  #isDraining = false;

  constructor(context: ListenerContext) {
    this.#context = context;
    this.#requests = context.meter.counter('pitot_grpc_requests_total', 'gRPC requests answered.', ['method', 'code']);
  }

  drain(): void {
    this.#isDraining = true;
  }

  /** Lets nobody send a message before the credentials are known to be good, and nobody take for ever to send it. */
  readonly gate: ServerInterceptor = (method, call) => {
    let timeout: NodeJS.Timeout | undefined;
    const refuse = (error: unknown): void => {
      clearTimeout(timeout);
      call.sendStatus(this.#failure(method.path, error));
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, admit) => {
            timeout = setTimeout(() => refuse(tooSlow()), MESSAGE_TIMEOUT_MS);
            void this.#admit(metadata).then(() => admit(metadata), refuse);
          },
          onReceiveMessage: (message: unknown, take) => {
            clearTimeout(timeout);
            take(message);
          },
          onReceiveHalfClose: (take) => take(),
          onCancel: () => clearTimeout(timeout),
        }),
    });
  };

  methodsOf(signal: OtlpSignal): UntypedServiceImplementation {
    const take = signal.open(this.#context, NAME);
    return {
      Export: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
        void this.#answer(`/${signal.service}/Export`, take, call, callback);
      },
    };
  }

  async #admit(metadata: Metadata): Promise<void> {
    if (this.#isDraining) {
      throw new AppError('shutting_down', 'the process is draining before it stops; retry', { retryAfterSeconds: DRAIN_RETRY_SECONDS });
    }
    const { keyId } = await this.#context.authorize(credentialsOf(metadata), 'ingest');
    if (keyId !== undefined) this.#keyIds.set(metadata, keyId);
  }

  async #answer(method: string, take: TakeRequest, { request, metadata }: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): Promise<void> {
    try {
      const partial = await take(request, this.#keyIds.get(metadata));
      releaseBytes(request);
      this.#requests.inc(1, { method, code: 'OK' });
      callback(null, exportResponse(partial));
    } catch (error) {
      callback(this.#failure(method, error));
    }
  }

  #failure(method: string, thrown: unknown): { code: codes; details: string; metadata: Metadata } {
    const error = toAppError(thrown);
    if (error.kind === 'internal') this.#context.log.error({ err: error.cause ?? error, method }, 'gRPC request failed');
    const code: codes = RPC_CODES[error.kind];
    this.#requests.inc(1, { method, code: codes[code] });
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', rpcStatus(error, MAX_DETAILS_CHARACTERS));
    return { code, details: statusMessage(error, MAX_DETAILS_CHARACTERS), metadata };
  }
}

function tooSlow(): AppError {
  return new AppError('canceled', `the message was not whole after ${MESSAGE_TIMEOUT_MS / 1000} seconds; send smaller batches, or over a faster line`);
}

function credentialsOf(metadata: Metadata): Credentials {
  const [authorization] = metadata.get('authorization');
  const [apiKey] = metadata.get('x-api-key');
  return {
    ...(typeof authorization === 'string' && { authorization }),
    ...(typeof apiKey === 'string' && { apiKey }),
  };
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

async function bind(listener: NetServer, { host, port }: SocketAddress): Promise<void> {
  try {
    listener.listen(port, host);
    await once(listener, 'listening');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('bad_config', `cannot listen on ${host}:${port} (${reason}); set PITOT_OTLP_GRPC_LISTEN to another address`, { cause, fields: { host, port } });
  }
}
