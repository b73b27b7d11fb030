import { TICKS_PER_SECOND } from './proc-files.ts';

export interface ProcessStat {
  readonly pid: number;
  readonly command: string;
  /** User and system time, seconds. */
  readonly cpuSeconds: number;
  /** Since boot; with the pid it identifies a process. */
  readonly startSeconds: number;
  readonly residentPages: number;
}

/** /proc/<pid>/stat. The command is in parentheses and may hold any character, parentheses too. Source: proc(5). */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 1 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  if (fields.length < 22) return undefined;
  return {
    pid: Number.parseInt(text, 10),
    command: text.slice(open + 1, close),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
    startSeconds: Number(fields[19]) / TICKS_PER_SECOND,
    residentPages: Number(fields[21]),
  };
}

export interface BusyProcess {
  readonly stat: ProcessStat;
  /** Of one core; undefined before there are two readings. */
  readonly cpuRatio: number | undefined;
}

const LISTED = 10;
/** Younger processes are not listed: each is a series of its own, and a build or a cron job starts thousands a day. */
const SETTLED_SECONDS = 60;

/** Finds the busiest processes between two readings. */
export class ProcessRanking {
  #cpuSeconds = new Map<string, number>();
  #uptimeSeconds = Number.NaN;

  /** Of those that run for a minute: the ten that used most CPU since the reading before and the ten with most memory, each once. */
  rank(stats: readonly ProcessStat[], uptimeSeconds: number): BusyProcess[] {
    const elapsed = uptimeSeconds - this.#uptimeSeconds;
    const seen = new Map<string, number>();
    const all = stats.map((stat): BusyProcess => {
      const key = `${stat.pid} ${stat.startSeconds}`;
      seen.set(key, stat.cpuSeconds);
      // A process that started since used all its time since.
      const before = this.#cpuSeconds.get(key) ?? (stat.startSeconds >= this.#uptimeSeconds ? 0 : Number.NaN);
      const cpuRatio = Math.max(0, (stat.cpuSeconds - before) / elapsed);
      return { stat, cpuRatio: Number.isFinite(cpuRatio) ? cpuRatio : undefined };
    });
    this.#cpuSeconds = seen;
    this.#uptimeSeconds = uptimeSeconds;
    const settled = all.filter(({ stat }) => stat.startSeconds <= uptimeSeconds - SETTLED_SECONDS);
    const byMemory = settled.filter(({ stat }) => stat.residentPages > 0).sort((a, b) => b.stat.residentPages - a.stat.residentPages);
    const byCpu = settled.filter(({ cpuRatio }) => (cpuRatio ?? 0) > 0).sort((a, b) => b.cpuRatio! - a.cpuRatio!);
    return [...new Set([...byCpu.slice(0, LISTED), ...byMemory.slice(0, LISTED)])];
  }
}
