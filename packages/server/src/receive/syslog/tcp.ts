import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { defineSocketReceiver, type ListenerContext, type RunningListener, type SocketAddress } from '@pitot/core';
import { cannotListen, urlOf } from './addresses.ts';
import { FrameSplitter } from './framing.ts';
import { Shipper } from './shipper.ts';

const NAME = 'syslog-tcp';
/** Each may hold one message of the largest size in memory. */
const MAX_CONNECTIONS = 512;
/** Half a message that does not go on for so long is given up with its connection. A sender without anything to say may stay. */
const HALF_MESSAGE_MS = 60_000;
/** Finds senders that are gone without a word. */
const KEEPALIVE_MS = 60_000;

/** Syslog over TCP, with octet counting or line feeds. While the store takes nothing, senders are held back and nothing is lost. Source: RFC 6587. */
export const syslogTcp = defineSocketReceiver({
  name: NAME,
  summary: 'Syslog over TCP (RFC 5424 and 3164)',
  listen,
});

async function listen(context: ListenerContext, address: SocketAddress): Promise<RunningListener> {
  const shipper = new Shipper(context, NAME);
  const refused = context.meter.counter('pitot_syslog_connections_refused_total', 'Syslog connections beyond the most that are served at once.');
  const sockets = new Set<Socket>();
  let isDraining = false;
  const server = createServer({ keepAlive: true, keepAliveInitialDelay: KEEPALIVE_MS }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, shipper, context);
    if (isDraining) socket.pause();
  });
  server.maxConnections = MAX_CONNECTIONS;
  server.on('drop', () => refused.inc());
  shipper.onRoom = () => {
    if (!isDraining) sockets.forEach((socket) => socket.resume());
  };
  await bind(server, address);
  server.on('error', (err) => context.log.warn({ err, receiver: NAME }, 'syslog socket failed'));
  return {
    url: urlOf('tcp', address.host, (server.address() as AddressInfo).port),
    drain() {
      isDraining = true;
      // What is not read stays with its sender, which will send it to the next process.
      sockets.forEach((socket) => socket.pause());
      shipper.flush();
    },
    async close() {
      isDraining = true;
      const closed = once(server, 'close');
      server.close();
      sockets.forEach((socket) => socket.destroy());
      await Promise.all([closed, shipper.close()]);
    },
  };
}

function serve(socket: Socket, shipper: Shipper, { limits, log }: ListenerContext): void {
  const peer = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/, '') ?? 'unknown';
  const splitter = new FrameSplitter(limits.log_body_bytes, (message, isCut) => shipper.add(message, peer, isCut));
  socket.on('data', (chunk: Buffer) => {
    splitter.push(chunk);
    if (shipper.isFull) socket.pause();
  });
  socket.on('end', () => splitter.finish());
  socket.setTimeout(HALF_MESSAGE_MS, () => {
    if (!splitter.isInMessage || socket.isPaused()) return;
    log.warn({ receiver: NAME, peer }, 'syslog connection closed: half a message did not go on');
    splitter.finish();
    socket.destroy();
  });
  // A connection that breaks off ends like one that is closed: what came of the last message is kept.
  socket.on('error', () => splitter.finish());
}

async function bind(server: Server, address: SocketAddress): Promise<void> {
  try {
    server.listen(address.port, address.host);
    await once(server, 'listening');
  } catch (cause) {
    throw cannotListen(address, 'PITOT_SYSLOG_TCP_LISTEN', cause);
  }
}
