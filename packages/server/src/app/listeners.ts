import type { ListenerContext, ReceiverContext, RunningListener, SocketAddress } from '@pitot/core';
import { LISTENERS } from '../receive/listeners.ts';
import { isLoopback } from '../serve/access/origin-rule.ts';
import type { Configuration } from './configuration-schema.ts';

/** Where each door that is a socket of its own listens, by its name. */
function addressesOf(configuration: Configuration): Readonly<Record<string, SocketAddress | 'off'>> {
  return {
    'otlp-grpc': configuration.otlp_grpc_listen,
    'syslog-udp': configuration.syslog_udp_listen,
    'syslog-tcp': configuration.syslog_tcp_listen,
  };
}

/** Doors that anyone can reach without credentials: said at the start. */
export function socketWarnings(configuration: Configuration): string[] {
  return Object.entries(addressesOf(configuration)).flatMap(([name, address]) => {
    if (address === 'off' || isLoopback(address.host)) return [];
    const where = `${name} on ${address.host}:${address.port}`;
    if (name.startsWith('syslog')) return [`${where} takes lines from everyone who can reach it: syslog knows no login. Only do this in a network of your own.`];
    return configuration.auth === 'off' ? [`${where} is open to everyone who can reach it: the login is switched off (auth: off).`] : [];
  });
}

export type OpenListener = RunningListener & { readonly name: string };

/** Opens the doors that are not HTTP, as configured. Where one cannot be bound, those already open are closed and the error is thrown. */
export async function openListeners(
  configuration: Configuration,
  context: ReceiverContext,
  authorize: (address: SocketAddress) => ListenerContext['authorize'],
): Promise<readonly OpenListener[]> {
  const addresses = addressesOf(configuration);
  const open: OpenListener[] = [];
  try {
    for (const receiver of LISTENERS) {
      const address = addresses[receiver.name];
      if (address === undefined) throw new Error(`the door ${receiver.name} has no address in the configuration`);
      if (address === 'off') continue;
      const running = await receiver.listen({ ...context, authorize: authorize(address) }, address);
      open.push(once(receiver.name, running));
    }
  } catch (error) {
    await Promise.all(open.map((listener) => listener.close()));
    throw error;
  }
  return open;
}

/** Closing again, as when a stop follows a drain, does nothing. */
function once(name: string, running: RunningListener): OpenListener {
  let closed: Promise<void> | undefined;
  return { name, url: running.url, drain: () => running.drain(), close: () => (closed ??= running.close()) };
}
