import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Engine } from '../engine.ts';
import { memoryStore, runScript } from './script-runner.ts';
import { pinSelectors } from './selector-pin.ts';

/** Our own scripts, always there. */
const OWN = new URL('scripts/', import.meta.url);
/** Upstream's scripts: set PROMQLTEST_DIR to a folder of `.test` files to run them as well. */
const UPSTREAM = process.env['PROMQLTEST_DIR'];

const folders: (URL | string)[] = [OWN];
if (UPSTREAM === undefined) console.warn('PROMQLTEST_DIR is not set: only our own PromQL scripts run');
else folders.push(UPSTREAM.endsWith('/') ? UPSTREAM : `${UPSTREAM}/`);

for (const folder of folders) {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.test')).sort();
  describe(`scripts in ${folder instanceof URL ? 'promqltest/scripts' : folder}`, () => {
    it('are there', () => expect(names).not.toEqual([]));

    it.each(names)('%s passes', async (name) => {
      const text = await readFile(folder instanceof URL ? new URL(name, folder) : `${folder}${name}`, 'utf8');
      const report = await runScript(text, {
        name,
        createStore: async () => memoryStore((reader) => new Engine(reader)),
        pinSelectors,
      });
      expect(report.failed).toEqual([]);
      expect(report.passed).toBe(report.total);
    });
  });
}
