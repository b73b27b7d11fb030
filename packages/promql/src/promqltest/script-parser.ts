import { AppError, parseDurationMs } from '@pitot/core';
import { compileSearch, type TextSearch } from './text-search.ts';
import { parseSeriesLine, unquote, type SeriesLine } from './series-notation.ts';

export type Command = LoadCommand | ClearCommand | EvalCommand;

export interface LoadCommand {
  readonly kind: 'load';
  /** 1-based line of the command in the script. */
  readonly line: number;
  /** Time between two points of a series; the first is at time 0. */
  readonly stepMs: number;
  /** Also store the native histograms with custom buckets that the classic ones amount to. */
  readonly withNhcb: boolean;
  readonly series: readonly SeriesLine[];
}

interface ClearCommand {
  readonly kind: 'clear';
  readonly line: number;
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly query: string;
  readonly mode: 'instant' | 'range';
  /** Times the expected points stand for; for an instant query all one time, unless it expects a range vector. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly expectations: Expectations;
  readonly series: readonly SeriesLine[];
  /** A bare number: the result is a scalar. */
  readonly scalar?: number;
  /** `expect string`: the result is this string. */
  readonly string?: string;
  /** `expect range vector`: the instant query answers a matrix; it is evaluated at the expected range's end. */
  readonly rangeVector: boolean;
}

export type AnnotationKind = 'warn' | 'info';

interface Expectations {
  readonly ordered: boolean;
  /** Present: the query must fail, with an error that every one of them matches. */
  readonly fail?: readonly MessageMatch[];
  readonly warn?: readonly MessageMatch[];
  readonly info?: readonly MessageMatch[];
  readonly noWarn: boolean;
  readonly noInfo: boolean;
}

/** A message to compare with: exactly, by pattern, or (with neither) anything. */
export interface MessageMatch {
  readonly text: string;
  readonly search?: TextSearch;
}

/** Thrown for a script that cannot be read; `line` is 1-based. */
export class ScriptError extends Error {
  readonly line: number;

  constructor(line: number, message: string, cause?: unknown) {
    super(`line ${line}: ${message}`, { cause });
    this.name = 'ScriptError';
    this.line = line;
  }
}

const LOAD = /^load(?:_(with_nhcb))?\s+(.+?)$/i;
const EVAL_INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/i;
const EVAL_RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/i;
const EXPECT = /^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$/;
const EXPECT_RANGE_VECTOR = /^expect range vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$/;
const NUMBER_LINE = /^[+-]?(?:0x[\da-f]+|0b[01]+|0o[0-7]+|inf(?:inity)?|nan|\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)$/i;

/** Reads a whole script. Throws ScriptError at the first line that is not in the language. */
export function parseScript(text: string): Command[] {
  const lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; ) {
    if (lines[at] === '') {
      at++;
      continue;
    }
    // A block ends at the first empty line or comment.
    const end = lines.indexOf('', at);
    const block = lines.slice(at, end < 0 ? lines.length : end);
    const { command, taken } = parseCommand(block, at + 1);
    commands.push(command);
    at += taken;
  }
  return commands;
}

function parseCommand(block: readonly string[], line: number): { command: Command; taken: number } {
  const word = block[0]!.split(/[\t ]+/, 1)[0]!.toLowerCase();
  if (word === 'clear') return { command: { kind: 'clear', line }, taken: 1 };
  if (word.startsWith('load')) return { command: parseLoad(block, line), taken: block.length };
  if (word.startsWith('eval')) return parseEval(block, line);
  throw new ScriptError(line, `not a command: "${block[0]}"; a command starts with load, clear or eval`);
}

function at<T>(line: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ScriptError) throw error;
    throw new ScriptError(line, error instanceof Error ? error.message : String(error), error);
  }
}

function durationMs(text: string): number {
  return text === '0' ? 0 : parseDurationMs(text);
}

function parseLoad(block: readonly string[], line: number): LoadCommand {
  const match = LOAD.exec(block[0]!);
  if (match === null) throw new ScriptError(line, 'write it like load 5m or load_with_nhcb 5m');
  const stepMs = at(line, () => durationMs(match[2]!));
  const series = block.slice(1).map((text, i) => at(line + 1 + i, () => parseSeriesLine(text)));
  return { kind: 'load', line, stepMs, withNhcb: match[1] !== undefined, series };
}

type Head = Pick<EvalCommand, 'query' | 'mode' | 'startMs' | 'endMs' | 'stepMs'> & { readonly modifier: string | undefined };

function parseEvalHead(text: string, line: number): Head {
  const instant = EVAL_INSTANT.exec(text);
  if (instant !== null) {
    const timeMs = at(line, () => durationMs(instant[2] ?? '0'));
    return { mode: 'instant', query: instant[3]!, startMs: timeMs, endMs: timeMs, stepMs: 0, modifier: instant[1] };
  }
  const range = EVAL_RANGE.exec(text);
  if (range === null) {
    throw new ScriptError(line, 'write it like eval instant at 5m <query> or eval range from 0 to 5m step 1m <query>');
  }
  const [startMs, endMs, stepMs] = at(line, () => [range[2]!, range[3]!, range[4]!].map(durationMs)) as [number, number, number];
  if (endMs < startMs) throw new ScriptError(line, `the range ends (${range[3]}) before it starts (${range[2]})`);
  return { mode: 'range', query: range[5]!, startMs, endMs, stepMs, modifier: range[1] };
}

/** Collects what the lines below an eval command say. */
class EvalBuilder {
  readonly #line: number;
  #head: Head;
  #ordered = false;
  #noWarn = false;
  #noInfo = false;
  #rangeVector = false;
  #scalar: number | undefined;
  #string: string | undefined;
  readonly #messages: Partial<Record<'fail' | 'warn' | 'info', MessageMatch[]>> = {};
  readonly #series: SeriesLine[] = [];

  constructor(head: Head, line: number) {
    this.#head = head;
    this.#line = line;
    const { modifier } = head;
    if (modifier === 'ordered') this.#ordered = true;
    else if (modifier === 'fail' || modifier === 'warn' || modifier === 'info') this.#messages[modifier] = [];
  }

  /** Takes one line; answers true when the block ends with it (upstream reads no further after a number or an expected_fail). */
  take(text: string, line: number): boolean {
    const failure = /^expected_fail_(message|regexp)\s*(.*)$/.exec(text);
    if (failure !== null && this.#messages.fail !== undefined) {
      this.#messages.fail.push(messageMatch(failure[1] === 'regexp' ? 'regex' : 'msg', failure[2]!.trim()));
      return true;
    }
    if (text.startsWith('expect range vector')) this.#takeRangeVector(text, line);
    else if (text.startsWith('expect string')) this.#string = unquote(text.slice('expect string'.length).trim());
    else if (text.split(' ')[0] === 'expect') this.#takeExpectation(text, line);
    else if (NUMBER_LINE.test(text)) {
      this.#scalar = numberOf(text);
      return true;
    } else this.#takeSeries(text, line);
    return false;
  }

  #takeRangeVector(text: string, line: number): void {
    const match = EXPECT_RANGE_VECTOR.exec(text);
    if (match === null) throw new ScriptError(line, 'write it like expect range vector from 10s to 1m step 10s');
    const [startMs, endMs, stepMs] = match.slice(1, 4).map(durationMs) as [number, number, number];
    this.#head = { ...this.#head, startMs, endMs, stepMs };
    this.#rangeVector = true;
  }

  #takeExpectation(text: string, line: number): void {
    const match = EXPECT.exec(text);
    if (match === null) throw new ScriptError(line, `not an expectation: "${text}"`);
    const [, kind, form, message] = match;
    if (kind === 'ordered') this.#ordered = true;
    else if (kind === 'no_warn') this.#noWarn = true;
    else if (kind === 'no_info') this.#noInfo = true;
    else {
      const messages = (this.#messages[kind as 'fail' | 'warn' | 'info'] ??= []);
      if (form !== undefined) messages.push(messageMatch(form as 'regex' | 'msg', message!.trim()));
    }
  }

  #takeSeries(text: string, line: number): void {
    const series = parseSeriesLine(text);
    if (this.#head.mode === 'instant' && !this.#rangeVector && series.values.length !== 1) {
      throw new ScriptError(line, 'an instant query expects one value per series; see expect range vector');
    }
    this.#series.push(series);
  }

  build(): EvalCommand {
    const { modifier: _, ...head } = this.#head;
    return {
      kind: 'eval',
      line: this.#line,
      ...head,
      expectations: { ordered: this.#ordered, noWarn: this.#noWarn, noInfo: this.#noInfo, ...this.#messages },
      series: this.#series,
      rangeVector: this.#rangeVector,
      ...(this.#scalar === undefined ? {} : { scalar: this.#scalar }),
      ...(this.#string === undefined ? {} : { string: this.#string }),
    };
  }
}

function parseEval(block: readonly string[], line: number): { command: EvalCommand; taken: number } {
  const builder = new EvalBuilder(parseEvalHead(block[0]!, line), line);
  let taken = 1;
  while (taken < block.length) {
    const ended = at(line + taken, () => builder.take(block[taken]!, line + taken));
    taken++;
    if (ended) break;
  }
  return { command: builder.build(), taken };
}

/** The documentation shows messages in double quotes, the scripts write them bare: both mean the same. */
function messageMatch(form: 'regex' | 'msg', written: string): MessageMatch {
  const text = /^"(.*)"$/s.exec(written)?.[1] ?? written;
  if (form === 'msg') return { text };
  try {
    return { text, search: compileSearch(text) };
  } catch (cause) {
    throw new AppError('bad_request', `not a regular expression: ${text}`, { cause });
  }
}

function numberOf(text: string): number {
  const lower = text.toLowerCase();
  const sign = lower.startsWith('-') ? -1 : 1;
  const digits = lower.replace(/^[+-]/, '');
  if (digits.startsWith('inf')) return sign * Infinity;
  return digits === 'nan' ? NaN : sign * Number(digits);
}
