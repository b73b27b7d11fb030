import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listenerContext, testContext } from './fixtures/delivery.ts';
import { MemorySink } from './fixtures/memory-sink.ts';
import { LISTENERS } from './listeners.ts';
import { RECEIVERS } from './receivers.ts';

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'fixtures')
  .map((entry) => entry.name);

/** A listener may share the folder of an HTTP door of its format, and a folder may have several: they begin with its name. */
const folderOf = (name: string): string | undefined => folders.find((folder) => name === folder || name.startsWith(`${folder}-`));

it('lists every folder, and each door once', () => {
  expect(RECEIVERS.map(({ name }) => folders.includes(name))).toEqual(RECEIVERS.map(() => true));
  const names = [...RECEIVERS, ...LISTENERS].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(names.map(folderOf))).toEqual(new Set(folders));
});

it('has a test in every folder that runs a conformance suite', () => {
  for (const { name } of RECEIVERS) expect(readdirSync(join(import.meta.dirname, name))).toContain('receiver.test.ts');
  for (const { name } of LISTENERS) {
    const folder = join(import.meta.dirname, folderOf(name)!);
    const tests = readdirSync(folder).filter((file) => file.endsWith('.test.ts'));
    expect(tests.some((file) => readFileSync(join(folder, file), 'utf8').includes('listenerConformance('))).toBe(true);
  }
});

it('gives no route of a listener to two receivers, and lets nobody in without the ingest scope', () => {
  const routes = RECEIVERS.flatMap((receiver) => receiver.open(testContext(new MemorySink())));
  const doors = routes.flatMap(({ method, path, listeners }) => listeners.map((listener) => `${method} ${listener} ${path}`));
  expect(new Set(doors).size).toBe(doors.length);
  expect(new Set(routes.map(({ scope }) => scope))).toEqual(new Set(['ingest']));
});

it('opens every listener beside the others, with one meter that has each name once', async () => {
  const names = new Set<string>();
  const context = testContext(new MemorySink());
  const counter = (name: string) => {
    expect(names).not.toContain(name);
    names.add(name);
    return { inc() {} };
  };
  const meter = { ...context.meter, counter };
  for (const listener of LISTENERS) await (await listener.listen(listenerContext({ ...context, meter }), { host: '127.0.0.1', port: 0 })).close();
  expect(names.size).toBeGreaterThan(0);
});
