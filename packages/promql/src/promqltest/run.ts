#!/usr/bin/env node
/** Runs scripts of Prometheus' PromQL test language: `node packages/promql/src/promqltest/run.ts [--pin] <files…>`. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { Engine } from '../engine.ts';
import { memoryStore, runScript, type ScriptReport } from './script-runner.ts';
import { pinSelectors } from './selector-pin.ts';

const USAGE = `usage: run.ts [--pin] [--line <n>] <files…>
  --pin        also run every instant query with its selectors fixed by @ at five other times
  --line <n>   only the eval command on line n (may be repeated)`;

async function runFile(path: string, pin: boolean, lines: readonly string[] | undefined): Promise<ScriptReport> {
  return runScript(await readFile(path, 'utf8'), {
    name: basename(path),
    createStore: async () => memoryStore((reader) => new Engine(reader)),
    ...(pin ? { pinSelectors } : {}),
    ...(lines === undefined ? {} : { lines: new Set(lines.map(Number)) }),
  });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function printReport(report: ScriptReport): void {
  print(`${report.name}: ${report.passed} of ${report.total} evals pass`);
  for (const { line, query, reason } of report.failed) print(`  ${report.name}:${line}: ${query}\n      ${reason}`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { pin: { type: 'boolean', default: false }, line: { type: 'string', multiple: true }, help: { type: 'boolean' } },
});
if (values.help === true || positionals.length === 0) {
  print(USAGE);
  process.exitCode = values.help === true ? 0 : 2;
} else {
  const reports: ScriptReport[] = [];
  for (const path of positionals) {
    const report = await runFile(path, values.pin, values.line);
    printReport(report);
    reports.push(report);
  }
  const total = reports.reduce((sum, report) => sum + report.total, 0);
  const passed = reports.reduce((sum, report) => sum + report.passed, 0);
  print(`total: ${passed} of ${total} evals pass`);
  process.exitCode = reports.some((report) => report.failed.length > 0) ? 1 : 0;
}
