import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv6 } from 'node:net';
import { defineSocketReceiver, type ListenerContext, type RunningListener, type SocketAddress } from '@pitot/core';
import { cannotListen, urlOf } from './addresses.ts';
import { Shipper } from './shipper.ts';

const NAME = 'syslog-udp';
/** Holds a burst while this process is busy; the kernel may give less. */
const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** Syslog over UDP, one message a datagram. What cannot be queued is lost, and counted. Source: RFC 5426. */
export const syslogUdp = defineSocketReceiver({
  name: NAME,
  summary: 'Syslog over UDP (RFC 5424 and 3164)',
  listen,
});

async function listen(context: ListenerContext, address: SocketAddress): Promise<RunningListener> {
  const shipper = new Shipper(context, NAME);
  const socket = createSocket({ type: isIPv6(address.host) ? 'udp6' : 'udp4' });
  const maxBytes = context.limits.log_body_bytes;
  socket.on('message', (datagram: Buffer, { address: peer }: RemoteInfo) => {
    if (datagram.length === 0) return;
    if (shipper.isFull) shipper.drop(1, 'queue_full');
    else shipper.add(trimmed(datagram.subarray(0, maxBytes)), peer, datagram.length > maxBytes);
  });
  await bind(socket, address);
  enlargeBuffer(socket);
  socket.on('error', (err) => context.log.warn({ err, receiver: NAME }, 'syslog socket failed'));
  return {
    url: urlOf('udp', address.host, socket.address().port),
    drain: () => shipper.flush(),
    async close() {
      socket.close();
      await shipper.close();
    },
  };
}

/** Some senders end a datagram as they would end a line. */
function trimmed(datagram: Buffer): Buffer {
  let end = datagram.length;
  while (end > 1 && (datagram[end - 1] === 0x0a || datagram[end - 1] === 0x0d || datagram[end - 1] === 0)) end--;
  return datagram.subarray(0, end);
}

async function bind(socket: Socket, address: SocketAddress): Promise<void> {
  try {
    socket.bind({ address: address.host, port: address.port });
    await once(socket, 'listening');
  } catch (cause) {
    throw cannotListen(address, 'PITOT_SYSLOG_UDP_LISTEN', cause);
  }
}

function enlargeBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  } catch {
    // The kernel's own size works too.
  }
}
