import { existsSync, readFileSync } from 'node:fs';
import { AppError } from '@pitot/core';
import { LineCounter, parseDocument, stringify, type Document } from 'yaml';
import type { z } from 'zod';
import { configurationSchema, type Configuration } from './configuration-schema.ts';

/** Environment variables: where each lands in the configuration, and what it is. They win over the file. */
export const ENVIRONMENT_VARIABLES = {
  PITOT_CONFIG: { path: [], summary: 'The configuration file. Default: `pitot.yaml` in the working directory, if there is one.' },
  PITOT_LISTEN: { path: ['listen'], summary: 'host:port of web, REST, Prometheus API, remote write and OTLP/HTTP.' },
  PITOT_OTLP_HTTP_LISTEN: { path: ['otlp_http_listen'], summary: 'host:port of OTLP/HTTP on its standard port; `off` disables.' },
  PITOT_OTLP_GRPC_LISTEN: { path: ['otlp_grpc_listen'], summary: 'host:port of OTLP/gRPC on its standard port; `off` disables.' },
  PITOT_SYSLOG_UDP_LISTEN: { path: ['syslog_udp_listen'], summary: 'host:port of syslog over UDP; off by default.' },
  PITOT_SYSLOG_TCP_LISTEN: { path: ['syslog_tcp_listen'], summary: 'host:port of syslog over TCP; off by default.' },
  PITOT_DATA: { path: ['data'], summary: 'Data directory.' },
  PITOT_CLICKHOUSE_URL: { path: ['clickhouse', 'url'], summary: 'A ClickHouse server instead of the embedded engine.' },
  PITOT_POSTGRES_URL: { path: ['postgres', 'url'], summary: 'A PostgreSQL server instead of the embedded one.' },
  PITOT_AUTH: { path: ['auth'], summary: '`auto`, `required` or `off`.' },
} as const satisfies Record<string, { path: readonly string[]; summary: string }>;

type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedConfiguration {
  readonly configuration: Configuration;
  /** The file that was read, or undefined where there is none. */
  readonly file: string | undefined;
  /** Things worth telling that do not stop the start, such as a misspelt variable. */
  readonly notices: readonly string[];
  /** Prometheus' sections as they were written, with secrets masked, for `/api/v1/status/config`. */
  readonly scrapeText: string;
}

const DEFAULT_FILE = 'pitot.yaml';

/**
 * Reads the YAML file and the environment. Throws AppError `bad_config` that names the file and line, or the
 * variable, for every problem found, not only the first.
 */
export function loadConfiguration(environment: Environment): LoadedConfiguration {
  const named = environment['PITOT_CONFIG'];
  const file = named || (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  const source = file === undefined ? undefined : readSource(file);
  const values = source === undefined ? {} : ((source.document.toJS() as unknown) ?? {});
  if (typeof values !== 'object' || Array.isArray(values)) {
    throw new AppError('bad_config', `${file}:1: expected a mapping of keys to values at the top level`);
  }
  const fromEnvironment = applyEnvironment(values as Record<string, unknown>, environment);
  const result = configurationSchema.safeParse(values);
  if (!result.success) {
    const problems = result.error.issues.flatMap((issue) => describeIssue(issue, source, fromEnvironment));
    throw new AppError('bad_config', problems.join('\n'), { fields: { file: file ?? null, problems } });
  }
  return { configuration: result.data, file, notices: unknownVariables(environment), scrapeText: scrapeText(values) };
}

const SECRET_KEYS = new Set(['password', 'credentials', 'bearer_token']);

function scrapeText(values: { global?: unknown; scrape_configs?: unknown }): string {
  const { global = {}, scrape_configs: scrapeConfigs = [] } = values;
  const mask = (key: unknown, value: unknown) => (SECRET_KEYS.has(String(key)) ? '<secret>' : value);
  return stringify({ global, scrape_configs: scrapeConfigs }, mask);
}

interface Source {
  readonly file: string;
  readonly document: Document;
  readonly lines: LineCounter;
}

function readSource(file: string): Source {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AppError('bad_config', `${file}: cannot be read (${reason}); PITOT_CONFIG must name a readable YAML file`, { cause });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const error = document.errors[0];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new AppError('bad_config', `${file}:${line}:${col}: not valid YAML: ${error.message}`);
  }
  return { file, document, lines };
}

/** Writes set variables into the values; answers which path came from which variable. */
function applyEnvironment(values: Record<string, unknown>, environment: Environment): Map<string, string> {
  const origin = new Map<string, string>();
  for (const [name, { path }] of Object.entries(ENVIRONMENT_VARIABLES)) {
    const value = environment[name];
    if (value === undefined || value === '' || path.length === 0) continue;
    let parent = values;
    for (const key of path.slice(0, -1)) {
      const child = parent[key];
      parent = (typeof child === 'object' && child !== null ? child : (parent[key] = {})) as Record<string, unknown>;
    }
    parent[path.at(-1)!] = value;
    origin.set(path.join('.'), name);
  }
  return origin;
}

function describeIssue(issue: z.core.$ZodIssue, source: Source | undefined, fromEnvironment: Map<string, string>): string[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${place([...path, key], source, fromEnvironment)}unknown key "${[...path, key].join('.')}"${suggestion(key, path)}`);
  }
  const nested = issue.code === 'invalid_union' ? issue.errors.flat().map((inner) => inner.message) : [];
  const message = nested.length > 0 ? [...new Set(nested)].join(', or ') : issue.message;
  return [`${place(path, source, fromEnvironment)}${path.join('.') || 'configuration'}: ${message}`];
}

/** `file:line: ` of the innermost node that exists on the path, or the variable the value came from. */
function place(path: readonly (string | number)[], source: Source | undefined, fromEnvironment: Map<string, string>): string {
  const variable = fromEnvironment.get(path.join('.'));
  if (variable !== undefined) return `environment variable ${variable}: `;
  if (source === undefined) return '';
  for (let depth = path.length; depth > 0; depth--) {
    const offset = keyOffset(source.document, path.slice(0, depth));
    if (offset !== undefined) return `${source.file}:${source.lines.linePos(offset).line}: `;
  }
  return `${source.file}: `;
}

function keyOffset(document: Document, path: readonly (string | number)[]): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const last = path.at(-1)!;
  for (const item of (parent as { items?: readonly unknown[] } | null)?.items ?? []) {
    const key = (item as { key?: { value?: unknown; range?: readonly number[] } }).key;
    if (key?.value === last) return key.range?.[0];
  }
  const node = document.getIn(path, true) as { range?: readonly number[] } | undefined;
  return node?.range?.[0];
}

function suggestion(key: string, path: readonly (string | number)[]): string {
  let shape: unknown = configurationSchema;
  for (const part of path) shape = childSchema(shape, part);
  const known = Object.keys((shape as { shape?: object } | undefined)?.shape ?? {});
  const near = nearest(key, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return known.length > 0 ? `; known keys are ${known.join(', ')}` : '';
}

function childSchema(schema: unknown, key: string | number): unknown {
  let inner = schema as { shape?: Record<string, unknown>; element?: unknown; unwrap?: () => unknown };
  while (inner && !inner.shape && !inner.element && inner.unwrap) inner = inner.unwrap() as typeof inner;
  const child = typeof key === 'number' ? inner?.element : inner?.shape?.[key];
  let result = child as typeof inner | undefined;
  while (result && !result.shape && !result.element && result.unwrap) result = result.unwrap() as typeof inner;
  return result;
}

function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((name) => ({ name, distance: editDistance(word, name) })).sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  return best && best.distance <= Math.max(2, Math.floor(word.length / 3)) ? best.name : undefined;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length]!;
}

/**
 * A misspelt variable is told, not refused: Kubernetes puts PITOT_PORT, PITOT_SERVICE_HOST and the like into every
 * pod beside a Service named pitot.
 */
function unknownVariables(environment: Environment): string[] {
  const known = Object.keys(ENVIRONMENT_VARIABLES);
  return Object.keys(environment)
    .filter((name) => name.startsWith('PITOT_') && !known.includes(name) && !/^PITOT_(PORT|SERVICE)(_|$)/.test(name))
    .map((name) => {
      const near = nearest(name, known);
      return `environment variable ${name} is not one of ${known.join(', ')}${near ? `; did you mean ${near}?` : ''}`;
    });
}
