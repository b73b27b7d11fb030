import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { COLLECTORS } from './collectors.ts';

it('lists every folder of collect/ once, by its name', () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'fixtures')
    .map((entry) => entry.name)
    .sort();
  expect(COLLECTORS.map(({ name }) => name).sort()).toEqual(folders);
});
