import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { testContext } from './fixtures/delivery.ts';
import { MemorySink } from './fixtures/memory-sink.ts';
import { RECEIVERS } from './receivers.ts';

it('lists every folder once, under its name', () => {
  const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'fixtures')
    .map((entry) => entry.name);
  expect(RECEIVERS.map(({ name }) => name).toSorted()).toEqual(folders.toSorted());
});

it('has a test in every folder that runs the conformance suite', () => {
  for (const { name } of RECEIVERS) {
    expect(readdirSync(join(import.meta.dirname, name))).toContain('receiver.test.ts');
  }
});

it('gives no route of a listener to two receivers, and lets nobody in without the ingest scope', () => {
  const routes = RECEIVERS.flatMap((receiver) => receiver.open(testContext(new MemorySink())));
  const doors = routes.flatMap(({ method, path, listeners }) => listeners.map((listener) => `${method} ${listener} ${path}`));
  expect(new Set(doors).size).toBe(doors.length);
  expect(new Set(routes.map(({ scope }) => scope))).toEqual(new Set(['ingest']));
});
