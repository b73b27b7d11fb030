import { watch, type FSWatcher } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AppError, toAppError, type Logger } from '@pitot/core';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { staticConfig, type FileSdConfig, type HttpSdConfig } from './config.ts';
import { HttpClient } from './http-client.ts';
import type { TargetGroup } from './target.ts';

/** Finds targets and says so whenever they may have changed. */
export interface Discovery {
  /** Resolves after the first look. */
  start(): Promise<void>;
  stop(): void;
}

type Found = (groups: readonly TargetGroup[]) => void;

const targetGroups = z.array(staticConfig);
/** Editors write a file in several steps. */
const SETTLE_MS = 50;
const MOST_BODY_BYTES = 32 * 1024 * 1024;
const HTTP_TIMEOUT_MS = 30_000;

/** Targets from JSON and YAML files, read again when something in their folders changes and at each refresh interval. */
export function discoverFiles(config: FileSdConfig, found: Found, log: Logger): Discovery {
  const groups = new Map<string, readonly TargetGroup[]>();
  const watchers: FSWatcher[] = [];
  let settling: NodeJS.Timeout | undefined;
  let refreshing: NodeJS.Timeout | undefined;
  let stopped = false;

  async function look(): Promise<void> {
    const paths = (await Promise.all(config.files.map(matchingFiles))).flat();
    for (const path of groups.keys()) if (!paths.includes(path)) groups.delete(path);
    for (const path of paths) {
      try {
        groups.set(path, await readGroups(path));
      } catch (error) {
        // The groups read before stay: a file is often broken only while it is written.
        log.warn({ file: path, error: toAppError(error).message }, 'a target file was not taken');
      }
    }
    if (!stopped) found([...groups.values()].flat());
  }

  function lookSoon(): void {
    clearTimeout(settling);
    settling = setTimeout(() => void look(), SETTLE_MS);
  }

  return {
    async start() {
      for (const folder of new Set(config.files.map((pattern) => dirname(pattern)))) {
        try {
          watchers.push(watch(folder, lookSoon).on('error', () => {}));
        } catch (error) {
          log.warn({ folder, error: toAppError(error).message }, 'a folder of target files cannot be watched; it is read at each refresh interval');
        }
      }
      refreshing = setInterval(() => void look(), config.refresh_interval);
      await look();
    },
    stop() {
      stopped = true;
      clearTimeout(settling);
      clearInterval(refreshing);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** The files of a path that may have one * in its file name. */
async function matchingFiles(pattern: string): Promise<string[]> {
  const name = basename(pattern);
  const star = name.indexOf('*');
  if (star < 0) return [pattern];
  const [before, after] = [name.slice(0, star), name.slice(star + 1)];
  const entries = await readdir(dirname(pattern)).catch(() => []);
  const matching = entries.filter((entry) => entry.length >= name.length - 1 && entry.startsWith(before) && entry.endsWith(after));
  return matching.sort().map((entry) => join(dirname(pattern), entry));
}

async function readGroups(path: string): Promise<TargetGroup[]> {
  const text = await readFile(path, 'utf8');
  const value: unknown = /\.json$/i.test(path) ? JSON.parse(text) : parseYaml(text);
  return checked(value ?? [], path).map((group) => ({ targets: group.targets, labels: { ...group.labels, __meta_filepath: path } }));
}

function checked(value: unknown, from: string): z.infer<typeof targetGroups> {
  const result = targetGroups.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new AppError('bad_config', `${from}: ${issue.path.join('.') || 'the list of target groups'}: ${issue.message}`);
}

/** Targets from an HTTP service that answers Prometheus' JSON list of target groups. */
export function discoverHttp(config: HttpSdConfig, found: Found, log: Logger): Discovery {
  const client = new HttpClient(config);
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    try {
      const { body } = await client.get(config.url, {
        headers: {
          accept: 'application/json',
          'accept-encoding': 'gzip',
          'user-agent': 'Pitot',
          'x-prometheus-refresh-interval-seconds': String(config.refresh_interval / 1000),
        },
        timeoutMs: Math.min(HTTP_TIMEOUT_MS, config.refresh_interval),
        bodyLimitBytes: MOST_BODY_BYTES,
        signal: stopping.signal,
      });
      const groups = checked(JSON.parse(body.toString('utf8')), config.url);
      if (!stopping.signal.aborted) found(groups.map(({ targets, labels }) => ({ targets, labels: { ...labels, __meta_url: config.url } })));
    } catch (error) {
      // The targets found before stay.
      if (!stopping.signal.aborted) log.warn({ url: config.url, error: toAppError(error).message }, 'target discovery failed');
    }
  }

  return {
    async start() {
      timer = setInterval(() => void look(), config.refresh_interval);
      await look();
    },
    stop() {
      stopping.abort();
      clearInterval(timer);
      client.close();
    },
  };
}
