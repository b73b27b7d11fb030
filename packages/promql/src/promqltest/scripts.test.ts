import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Engine } from '../engine.ts';
import { memoryStore, runScript } from './script-runner.ts';
import { pinSelectors } from './selector-pin.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
/** Upstream's scripts are no part of this repository; they are looked for beside it. */
const upstream = process.env['PITOT_PROMQLTEST_DIR'] ?? resolve(here, '../../../../../shared/data/promqltest');

function describeFolder(title: string, folder: string): void {
  const names = readdirSync(folder).filter((name) => name.endsWith('.test')).sort();
  describe(`${title}`, () => {
    it('has scripts', () => expect(names).not.toEqual([]));

    it.each(names)('%s passes', async (name) => {
      const report = await runScript(await readFile(join(folder, name), 'utf8'), {
        name,
        createStore: async () => memoryStore((reader) => new Engine(reader)),
        pinSelectors,
      });
      expect(report.failed).toEqual([]);
      expect(report.passed).toBe(report.total);
    });
  });
}

describeFolder('our own scripts', join(here, 'scripts'));

if (existsSync(upstream)) describeFolder(`scripts in ${upstream}`, upstream);
else console.warn(`no folder ${upstream} (PITOT_PROMQLTEST_DIR): only our own PromQL scripts run`);
