import { AppError, type SocketAddress } from '@pitot/core';

/** Where a listener is, for people to read. */
export function urlOf(scheme: 'udp' | 'tcp', host: string, port: number): string {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `syslog+${scheme}://${shown}:${port}`;
}

export function cannotListen({ host, port }: SocketAddress, key: string, cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AppError('bad_config', `cannot listen on ${host}:${port} (${reason}); set ${key} to another address`, { cause, fields: { host, port } });
}
