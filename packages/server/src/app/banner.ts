import type { RunningPitot } from './pitot.ts';

/** What a person sees at the start: where to look, and the one next step. */
export function banner({ urls, setupLink, dataDirectory, version }: Pick<RunningPitot, 'urls' | 'setupLink' | 'dataDirectory' | 'version'>): string {
  const lines = [
    '',
    `  Pitot ${version}`,
    '',
    `  Open          ${urls.main}`,
    `  OTLP/HTTP     ${urls.otlp ?? urls.main}`,
    `  Remote write  ${urls.main}/api/v1/write`,
    `  Data          ${dataDirectory}`,
  ];
  if (setupLink !== undefined) {
    lines.push('', '  First start: make the administrator with this link. It works once.', `  ${setupLink}`);
  }
  return `${lines.join('\n')}\n\n`;
}
