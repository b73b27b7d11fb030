import type { SocketReceiver } from '@pitot/core';
import { otlpGrpc } from './otlp/grpc.ts';
import { syslogTcp } from './syslog/tcp.ts';
import { syslogUdp } from './syslog/udp.ts';

/** Every door that is a socket of its own: one folder here (an HTTP door of the same format may share it), one line there. */
export const LISTENERS: readonly SocketReceiver[] = [otlpGrpc, syslogTcp, syslogUdp];
