/** OpenTelemetry's numbers for the names that loggers use. Source: OpenTelemetry logs data model, appendix B. */
const NUMBERS: Readonly<Record<string, number>> = {
  trace: 1, verbose: 1, finest: 1, silly: 1,
  debug: 5, dbg: 5, fine: 5,
  info: 9, information: 9, informational: 9, notice: 10, log: 9, success: 9,
  warn: 13, warning: 13, wrn: 13,
  error: 17, err: 17, severe: 17, exception: 17,
  critical: 21, crit: 21, fatal: 21, alert: 21, emergency: 21, emerg: 21, panic: 21, dpanic: 21,
};
const BY_LETTER: Readonly<Record<string, number>> = { t: 1, v: 1, d: 5, i: 9, w: 13, e: 17, f: 21, c: 21 };

/** The first number of ERROR; what is at or above is never sampled away. */
export const ERROR_SEVERITY = 17;

/** The severity number (1–24) of a level as loggers write it: a name, a letter, or pino's and bunyan's 10 to 60; 0 where it is none of these. */
export function severityNumberOf(level: string): number {
  const name = level.trim().toLowerCase();
  const known = NUMBERS[name] ?? BY_LETTER[name];
  if (known !== undefined) return known;
  const number = Number(name);
  // Ten per step from trace (10) to fatal (60); syslog's 0 to 7 and OpenTelemetry's own numbers cannot be told apart.
  return name !== '' && number >= 10 && number <= 60 && number % 10 === 0 ? 1 + 4 * (number / 10 - 1) : 0;
}
