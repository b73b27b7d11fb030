import { describe, expect, it } from 'vitest';
import { seeded } from '../fixtures/damage.ts';
import { FrameSplitter } from './framing.ts';

const LIMIT = 50;

/** Cuts the stream into chunks by `cuts`, and answers the messages; one that was cut ends in `…`. */
function split(stream: string | Buffer, chunkBytes = Number.POSITIVE_INFINITY): string[] {
  const messages: string[] = [];
  const splitter = new FrameSplitter(LIMIT, (message, isCut) => messages.push(message.toString('latin1') + (isCut ? '…' : '')));
  const bytes = Buffer.from(stream as string, 'latin1');
  for (let at = 0; at < bytes.length; at += Math.min(chunkBytes, bytes.length)) splitter.push(bytes.subarray(at, at + chunkBytes));
  splitter.finish();
  expect(splitter.isInMessage).toBe(false);
  return messages;
}

const long = 'x'.repeat(120);

describe.each([Number.POSITIVE_INFINITY, 1, 7])('syslog frames in chunks of %d bytes', (chunkBytes) => {
  it.each<[string, string, string[]]>([
    ['lines', '<13>a\n<13>b\r\n\n\0<13>c\0\n', ['<13>a', '<13>b', '<13>c']],
    ['a last line without its end', '<13>a\n<13>b', ['<13>a', '<13>b']],
    ['counted messages', '5 <13>a6 <13>bc', ['<13>a', '<13>bc']],
    ['counted messages with line feeds in and after them', '7 <13>a\nb\n6 <13>bc\n', ['<13>a\nb', '<13>bc']],
    ['both kinds on one connection', '5 <13>a<13>line\n5 <13>b', ['<13>a', '<13>line', '<13>b']],
    ['a line that begins with a number', '2026 was a year\n12\n7 dwarfs\n', ['2026 was a year', '12', '7 dwarfs']],
    ['a number that is no length', '0 <13>a\n9999999999 <13>b\n', ['0 <13>a', '9999999999 <13>b']],
    ['a counted message that ends too soon', '50 <13>a', ['<13>a']],
    ['a length and nothing more', '50 ', ['50 ']],
  ])('%s', (_name, stream, messages) => {
    expect(split(stream, chunkBytes)).toEqual(messages);
  });

  it('are cut at the limit, and the next one is whole', () => {
    const counted = split(`124 <13>${long}5 <13>a`, chunkBytes);
    expect(counted).toEqual([`<13>${long.slice(0, LIMIT - 4)}…`, '<13>a']);
    const lines = split(`<13>${long}\n<13>a\n`, chunkBytes);
    expect(lines).toEqual([`<13>${long.slice(0, LIMIT - 4)}…`, '<13>a']);
  });
});

describe('a stream made to hurt', () => {
  it('costs no more memory than one message, however long a line is', () => {
    let emitted = 0;
    const splitter = new FrameSplitter(LIMIT, (message) => (emitted += message.length));
    const chunk = Buffer.alloc(65_536, 'a');
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 1000; i++) splitter.push(chunk);
    expect(emitted).toBe(LIMIT);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(5_000_000);
  });

  it('takes time in proportion to its bytes, one by one', () => {
    const messages: number[] = [];
    const splitter = new FrameSplitter(300_000, (message) => messages.push(message.length));
    const byte = Buffer.from('a');
    for (let i = 0; i < 299_999; i++) splitter.push(byte);
    splitter.push(Buffer.from('\n'));
    expect(messages).toEqual([299_999]);
  });

  it('is cut the same however its chunks fall', () => {
    const random = seeded(6587);
    const parts = ['<13>abc\n', '9 <13>hello', '\r\n', '200 <1>', '0 ', '77', '<', ' ', 'zz\n', `${long}\n`];
    for (let round = 0; round < 300; round++) {
      const stream = Array.from({ length: 12 }, () => parts[Math.floor(random() * parts.length)]!).join('');
      expect(split(stream, 1 + Math.floor(random() * 9))).toEqual(split(stream));
    }
  });
});
