import type { RunningPitot } from './pitot.ts';

const SOCKET_TITLES: Readonly<Record<string, string>> = { 'otlp-grpc': 'OTLP/gRPC', 'syslog-udp': 'Syslog/UDP', 'syslog-tcp': 'Syslog/TCP' };

/** What a person sees at the start: where to look, and the one next step. */
export function banner({ urls, sockets, setupLink, dataDirectory, version }: Pick<RunningPitot, 'urls' | 'sockets' | 'setupLink' | 'dataDirectory' | 'version'>): string {
  const lines = [
    '',
    `  Pitot ${version}`,
    '',
    `  Open          ${urls.main}`,
    `  OTLP/HTTP     ${urls.otlp ?? urls.main}`,
    ...sockets.map(({ name, url }) => `  ${(SOCKET_TITLES[name] ?? name).padEnd(14)}${url}`),
    `  Remote write  ${urls.main}/api/v1/write`,
    `  Data          ${dataDirectory}`,
  ];
  if (setupLink !== undefined) {
    lines.push('', '  First start: make the administrator with this link. It works once.', `  ${setupLink}`);
  }
  return `${lines.join('\n')}\n\n`;
}
