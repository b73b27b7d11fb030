/** OpenTelemetry's severity numbers: TRACE 1, DEBUG 5, INFO 9, WARN 13, ERROR 17, FATAL 21, each with three finer steps above. */
export const ERROR_SEVERITY = 17;
const HIGHEST_SEVERITY = 24;

/** What loggers write; syslog's and journald's levels by the table of OpenTelemetry's log data model, appendix B. */
const NUMBERS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    trace: 1, trc: 1, finest: 1, verbose: 1, silly: 1,
    finer: 2,
    debug: 5, dbg: 5, fine: 5, d: 5,
    info: 9, inf: 9, information: 9, informational: 9, config: 9, log: 9, http: 9, i: 9,
    notice: 10, note: 10,
    warn: 13, warning: 13, wrn: 13, w: 13,
    error: 17, err: 17, severe: 17, failure: 17, e: 17,
    crit: 18, critical: 18,
    alert: 19,
    fatal: 21, ftl: 21, panic: 21, emerg: 21, emergency: 21, dpanic: 21, f: 21,
  }),
);
const STEPPED = /^(trace|debug|info|warn|error|fatal)([1-4])$/;

/** 1–24, or 0 for what is not in OpenTelemetry's table. */
export function severityNumberOf(value: number): number {
  return value >= 1 && value <= HIGHEST_SEVERITY ? value : 0;
}

/** The severity number a text stands for (`WARNING`, `err`, `Info`, `ERROR2`); 0 where it says nothing. */
export function severityOfText(text: string): number {
  const level = text.trim().toLowerCase();
  const known = NUMBERS.get(level);
  if (known !== undefined) return known;
  const stepped = STEPPED.exec(level);
  return stepped === null ? 0 : NUMBERS.get(stepped[1]!)! + Number(stepped[2]) - 1;
}
