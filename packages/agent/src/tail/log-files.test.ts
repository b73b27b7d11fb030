import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFiles } from './log-files.ts';

describe('log files', () => {
  let directory: string;
  let state: string;
  const refused: string[] = [];
  const open = () => new LogFiles([join(directory, 'logs', '*.log')], state, (path) => refused.push(path));
  const path = (name: string) => join(directory, 'logs', name);
  const linesOf = (files: LogFiles) => files.read().flatMap(({ lines }) => lines);
  /** New files are looked for every fifth round. */
  const settle = (files: LogFiles) => {
    const lines: string[] = [];
    for (let i = 0; i < 5; i++) {
      lines.push(...linesOf(files));
      files.commit();
    }
    return lines;
  };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'pitot-tail-'));
    state = join(directory, 'positions.json');
    mkdirSync(join(directory, 'logs'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('does not send what was there at the first start, and everything after', () => {
    writeFileSync(path('a.log'), 'old\n');
    const files = open();
    expect(linesOf(files)).toEqual([]);
    files.commit();
    appendFileSync(path('a.log'), 'new 1\nnew 2\npart');
    expect(linesOf(files)).toEqual(['new 1', 'new 2']);
    files.commit();
    appendFileSync(path('a.log'), 'ly\r\n');
    expect(linesOf(files)).toEqual(['partly']);
  });

  it('reads what was not committed again, also after a restart, and nothing twice', () => {
    const files = open();
    settle(files);
    writeFileSync(path('b.log'), '1\n2\n');
    expect(settle(files)).toEqual(['1', '2']);
    appendFileSync(path('b.log'), '3\n');
    expect(linesOf(files)).toEqual(['3']);
    // Killed before the commit.
    const again = open();
    expect(settle(again)).toEqual(['3']);
    expect(settle(open())).toEqual([]);
  });

  it('follows rotation and truncation', () => {
    const files = open();
    settle(files);
    writeFileSync(path('c.log'), 'a\n');
    expect(settle(files)).toEqual(['a']);
    renameSync(path('c.log'), join(directory, 'c.log.1'));
    writeFileSync(path('c.log'), 'b\n');
    expect(settle(files)).toEqual(['b']);
    truncateSync(path('c.log'), 0);
    appendFileSync(path('c.log'), '');
    settle(files);
    writeFileSync(path('c.log'), 'c\n', { flag: 'r+' });
    expect(settle(files)).toEqual(['c']);
  });

  it('reads a flood in pieces and does not keep other files waiting', () => {
    const files = open();
    settle(files);
    writeFileSync(path('flood.log'), 'x'.repeat(99).concat('\n').repeat(30_000));
    writeFileSync(path('quiet.log'), 'here\n');
    const first: string[] = [];
    for (let round = 0; round < 6 && !first.includes('here'); round++) {
      first.push(...linesOf(files));
      files.commit();
    }
    expect(first).toContain('here');
    expect(first.length).toBeLessThan(30_000);
    const rest = settle(files);
    expect(first.length + rest.length).toBe(30_001);
  });

  it('takes a line without end in pieces', () => {
    const files = open();
    settle(files);
    writeFileSync(path('long.log'), 'y'.repeat(1_500_000));
    const pieces = settle(files);
    expect(pieces.join('').length).toBe(1_500_000);
  });
});
