import type { Engine } from '../engine.ts';
import { MemoryReader } from '../memory-reader.ts';
import type { QueryValue, VectorSample } from '../value.ts';
import { checkAnnotations, checkFailure, checkValue } from './script-check.ts';
import { loadedSeries, type LoadedSeries } from './script-load.ts';
import { parseScript, ScriptError, type Command, type EvalCommand } from './script-parser.ts';

/** What a script runs against. One per script; `clear` must leave it as new. */
export interface ScriptStore {
  readonly engine: Pick<Engine, 'instant' | 'range'>;
  /** Stores the points; resolves when they can be queried. */
  append(series: readonly LoadedSeries[]): Promise<void>;
  clear(): Promise<void>;
  close?(): Promise<void>;
}

export interface RunOptions {
  createStore(): Promise<ScriptStore>;
  /** The script's name in messages, e.g. its file name. */
  readonly name: string;
  /** Rewrites an instant query so that its selectors are fixed to a time (`@`), to check that steps do not matter. */
  readonly pinSelectors?: (query: string, timeMs: number) => string | undefined;
  /** Runs only the eval commands on these lines. */
  readonly lines?: ReadonlySet<number>;
}

export interface ScriptFailure {
  readonly line: number;
  /** The query, or the whole command's first word where it is no eval. */
  readonly query: string;
  readonly reason: string;
}

export interface ScriptReport {
  readonly name: string;
  /** Eval commands. */
  readonly total: number;
  readonly passed: number;
  readonly failed: readonly ScriptFailure[];
}

/**
 * Runs a script of Prometheus' test language. Never throws for what the script or the engine does wrong: a script that
 * cannot be read is one failure at its line. An instant query is also run as a range query around its time, and (with
 * pinSelectors) fixed by `@` at other times; all must agree.
 */
export async function runScript(text: string, options: RunOptions): Promise<ScriptReport> {
  let commands: Command[];
  try {
    commands = parseScript(text);
  } catch (error) {
    const line = error instanceof ScriptError ? error.line : 0;
    return { name: options.name, total: 1, passed: 0, failed: [{ line, query: '', reason: messageOf(error) }] };
  }
  const store = await options.createStore();
  try {
    return await runCommands(commands, store, options);
  } finally {
    await store.close?.();
  }
}

async function runCommands(commands: readonly Command[], store: ScriptStore, options: RunOptions): Promise<ScriptReport> {
  const failed: ScriptFailure[] = [];
  let total = 0;
  for (const command of commands) {
    if (command.kind === 'clear') await store.clear();
    else if (command.kind === 'load') {
      try {
        await store.append(loadedSeries(command));
      } catch (error) {
        failed.push({ line: command.line, query: 'load', reason: messageOf(error) });
      }
    } else if (options.lines === undefined || options.lines.has(command.line)) {
      total++;
      const reason = await runEval(command, store, options);
      if (reason !== undefined) failed.push({ line: command.line, query: command.query, reason });
    }
  }
  const failedEvals = failed.filter((failure) => failure.query !== 'load').length;
  return { name: options.name, total, passed: total - failedEvals, failed };
}

async function runEval(command: EvalCommand, store: ScriptStore, options: RunOptions): Promise<string | undefined> {
  const { startMs, endMs, stepMs, query, mode } = command;
  if (mode === 'range') return check(command, () => store.engine.range(query, startMs, endMs, stepMs));
  const complaint = await runInstant(command, query, endMs, store);
  if (complaint !== undefined || options.pinSelectors === undefined) return complaint;
  return runPinned(command, store, options.pinSelectors);
}

/** The same selectors fixed to the evaluation time must give the same at any other time. */
async function runPinned(
  command: EvalCommand,
  store: ScriptStore,
  pinSelectors: NonNullable<RunOptions['pinSelectors']>,
): Promise<string | undefined> {
  const timeMs = command.endMs;
  let pinned: string | undefined;
  try {
    pinned = pinSelectors(command.query, timeMs);
  } catch {
    // It does not parse, which the plain run has judged already.
  }
  if (pinned === undefined) return undefined;
  const times = timeMs === 0 ? [-1000, 0, 1000] : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs];
  for (const otherMs of times) {
    const complaint = await runInstant(command, pinned, otherMs, store);
    if (complaint !== undefined) return `as ${pinned} at ${otherMs} ms: ${complaint}`;
  }
  return undefined;
}

/** Queries whose meaning depends on the query's range rather than on the step. */
const RANGE_DEPENDENT = /(start|end|range|step)\(\)/;
const MINUTE_MS = 60_000;

async function runInstant(
  command: EvalCommand,
  query: string,
  timeMs: number,
  store: ScriptStore,
): Promise<string | undefined> {
  const { expectations, rangeVector, string } = command;
  const complaint = await check(command, () => store.engine.instant(query, timeMs));
  if (complaint !== undefined || expectations.fail !== undefined || expectations.ordered) return complaint;
  if (rangeVector || string !== undefined || RANGE_DEPENDENT.test(query)) return undefined;
  const asRange = await checkMiddleStep(command, query, timeMs, store);
  return asRange && `as a range query: ${asRange}`;
}

async function check(command: EvalCommand, run: () => ReturnType<Engine['instant']>): Promise<string | undefined> {
  let result: Awaited<ReturnType<Engine['instant']>>;
  try {
    result = await run();
  } catch (error) {
    return checkFailure(command, messageOf(error));
  }
  if (command.expectations.fail !== undefined) return 'expected the query to fail, but it did not';
  return checkAnnotations(command, result) ?? checkValue(command, result.value);
}

async function checkMiddleStep(
  command: EvalCommand,
  query: string,
  timeMs: number,
  store: ScriptStore,
): Promise<string | undefined> {
  let value: QueryValue;
  try {
    ({ value } = await store.engine.range(query, timeMs - MINUTE_MS, timeMs + MINUTE_MS, MINUTE_MS));
  } catch (error) {
    return `the query failed: ${messageOf(error)}`;
  }
  if (value.type !== 'matrix') return `expected a matrix, but got a ${value.type}`;
  const samples = value.series.flatMap((series): VectorSample[] => {
    const at = series.timestampsMs.indexOf(timeMs);
    if (at >= 0) return [{ labels: series.labels, timestampMs: timeMs, value: series.values[at]! }];
    const histogram = series.histograms?.find((sample) => sample.timestampMs === timeMs)?.histogram;
    return histogram === undefined ? [] : [{ labels: series.labels, timestampMs: timeMs, histogram }];
  });
  if (command.scalar === undefined) return checkValue(command, { type: 'vector', samples });
  return checkValue(command, { type: 'scalar', timestampMs: timeMs, value: samples[0]?.value ?? NaN });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A store in memory with the engine that `createEngine` makes for it. */
export function memoryStore(createEngine: (reader: MemoryReader) => ScriptStore['engine']): ScriptStore {
  const reader = new MemoryReader();
  return {
    engine: createEngine(reader),
    async append(series) {
      for (const { labels, points } of series) {
        for (const { timestampMs, value } of points) {
          if (value.kind === 'float') reader.appendFloat(labels, timestampMs, value.value);
          else if (value.kind === 'stale') reader.appendStale(labels, timestampMs);
          else reader.appendHistogram(labels, timestampMs, value.histogram);
        }
      }
    },
    async clear() {
      reader.clear();
    },
  };
}
