import type { ReceiverContext, Scope } from './receiver.ts';

/** A door that is not HTTP: a socket of its own. One folder in `server/src/receive/`, one line in `listeners.ts`. */
export interface SocketReceiver {
  /** Also the value of the `receiver` label. Kebab case. */
  readonly name: string;
  readonly summary: string;
  /** Binds the address. Throws where it cannot, naming the address and the configuration key. */
  listen(context: ListenerContext, address: SocketAddress): Promise<RunningListener>;
}

export function defineSocketReceiver(receiver: SocketReceiver): SocketReceiver {
  return receiver;
}

export interface SocketAddress {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
}

export interface ListenerContext extends ReceiverContext {
  /**
   * Whether these credentials may use the door: resolves with the key's id where one was used. Throws AppError `not_authenticated` or `not_allowed`.
   * Always resolves where no login is needed (loopback, or `auth: off`).
   */
  authorize(credentials: Credentials, scope: Scope): Promise<{ readonly keyId?: string }>;
}

export interface Credentials {
  /** The Authorization header or metadata, as sent. */
  readonly authorization?: string;
  /** X-API-Key. */
  readonly apiKey?: string;
}

export interface RunningListener {
  /** Where it listens, e.g. `grpc://127.0.0.1:4317`. */
  readonly url: string;
  /** From now on requests are answered with `shutting_down`; those in flight go on. */
  drain(): void;
  /** Stops within five seconds. */
  close(): Promise<void>;
}
