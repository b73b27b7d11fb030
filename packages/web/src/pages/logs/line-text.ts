const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const two = (value: number): string => String(value).padStart(2, '0');

/** RFC 3339 with nanoseconds in milliseconds since the epoch. */
export const lineTime = (timestamp: string): number => Date.parse(timestamp);

/** `14:02:11.042` in the viewer's zone, with the day before it where asked for. */
export function clockText(ms: number, withDay: boolean): string {
  const date = new Date(ms);
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
  return withDay ? `${date.getDate()} ${MONTHS[date.getMonth()]} ${clock}` : clock;
}

const MOST_SHOWN = 2000;

/** A body on one line, cut where no screen reaches. */
export const bodyOf = (body: string): string => body.slice(0, MOST_SHOWN).replace(/\s+/g, ' ').trim();

interface TemplatePiece {
  readonly text: string;
  readonly placeholder: boolean;
}

/** A pattern's template in pieces: words, and what stands for anything. */
export function templatePieces(template: string): readonly TemplatePiece[] {
  return template
    .split(/(<[a-z_*][a-z0-9_ -]*>)/gi)
    .filter((text) => text !== '')
    .map((text) => ({ text, placeholder: /^<[a-z_*][a-z0-9_ -]*>$/i.test(text) }));
}

/** JSON in lines people can read; undefined where the text is none. */
export function prettyJson(text: string): string | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return undefined;
  }
}
