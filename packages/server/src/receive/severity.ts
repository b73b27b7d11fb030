/** OpenTelemetry's severity numbers. Source: opentelemetry-specification, logs data model, "Severity". */
const NUMBERS: Readonly<Record<string, number>> = {
  trace: 1,
  debug: 5,
  dbug: 5,
  info: 9,
  information: 9,
  informational: 9,
  notice: 10,
  warn: 13,
  warning: 13,
  error: 17,
  err: 17,
  eror: 17,
  critical: 18,
  crit: 18,
  alert: 19,
  fatal: 21,
  emerg: 21,
  emergency: 21,
  panic: 21,
};

/** The number of a level as loggers spell it, in any case; undefined where nobody knows it. */
export function severityNumberOf(level: string): number | undefined {
  const name = level.toLowerCase();
  return Object.hasOwn(NUMBERS, name) ? NUMBERS[name] : undefined;
}
