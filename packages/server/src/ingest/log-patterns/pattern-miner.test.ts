import type { Meter } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { logRulesSchema } from '../log-rules/schema.ts';
import { CORPUS_TEMPLATES, groupingAccuracy, makeCorpus } from './fixtures/corpus.ts';
import { TemplateMiner } from './pattern-miner.ts';
import { TokenLine } from './tokenizer.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
const noMeter: Meter = { counter: () => ({ inc() {} }), gauge: () => ({ set() {} }), histogram: () => ({ observe() {} }), observe() {} };

function minerWith(patterns: object = {}) {
  let nowMs = NOW_MS;
  const warnings: string[] = [];
  const log = { debug() {}, info() {}, error() {}, warn: (_fields: object, message: string) => void warnings.push(message) };
  const miner = new TemplateMiner({ settings: logRulesSchema.parse({ patterns }).patterns, clock: { nowMs: () => nowMs }, meter: noMeter, log });
  return { miner, warnings, advance: (ms: number) => void (nowMs += ms), add: (body: string, service = 'cart', timestampMs = NOW_MS) => miner.patternOf(service, 9, body, timestampMs) };
}

function templateOf(body: string): string {
  const line = new TokenLine();
  line.read(body);
  return line.template();
}

describe('templates', () => {
  it.each([
    ['user 4711 logged in from 10.0.0.7', 'user <num> logged in from <ip>'],
    ['took 12ms, 1.5s, 1m30s; sent 4KiB of 12.5 MB (99.5%)', 'took <duration>, <duration>, <duration>; sent <size> of <num> MB (<num>%)'],
    ['550e8400-e29b-41d4-a716-446655440000 4bf92f3577b34da6 0xdeadbeef 02:42:ac:11:00:02', '<uuid> <hex> <hex> <hex>'],
    ['2026-11-21 11:37:53.123 at 2026-11-21T11:37:53Z', '<date> at <date>'],
    ['2026-11-21 11:37:53,123 INFO x', '<date> INFO x'],
    ['Nov 21 11:37:53 node-3 sshd[123]: ok', '<date> node-<num> sshd[<num>]: ok'],
    ['GET https://a.example.com:8443/x?y=1&z=2 /var/log/a.log, src/app/main.ts:12', 'GET <url> <path>, <path>'],
    ['mail a.b@example.com about "any thing 7" to \'x\'', 'mail <email> about <quoted> to <quoted>'],
    ["can't read 'price'", "can't read <quoted>"],
    ['1.2.3.4 - - [21/Nov/2026:13:55:36 +0000] "GET /a?b=1 HTTP/1.1" 200 5 "-" "curl/8"', '<ip> - - [<date> +<num>] "GET <path> HTTP/<num>.<num>" <num> <num> <quoted> <quoted>'],
    ['pod cart-7d9f8b6c5d-x2x9k v1.2.3 utf8', 'pod <*> v<num>.<num>.<num> utf<num>'],
    ['level=info msg="rows of 3 done" n=1', 'level=info msg="rows of <num> done" n=<num>'],
    ['{"level":"warn","msg":"slow 3ms","db":"x","n":[1,"a"]}', '{"level":"warn","msg":"slow <duration>","db":<quoted>,"n":[<num>,<quoted>]}'],
    ['Traceback (most recent call last):\n  File "x", line 3\nValueError: bad 7', 'Traceback (most recent call last):\nValueError'],
    ['failed 3\njava.lang.IllegalStateException: no\n\tat x', 'failed <num>\njava.lang.IllegalStateException'],
    ['first 1\nsecond 2', 'first <num>'],
    ['fe80::1 and ::1 and 10.0.0.1:80', '<ip> and <ip> and <ip>'],
  ])('%s', (body, wanted) => {
    expect(templateOf(body)).toBe(wanted);
    // Read back, a template is itself: that is how one is restored and made more general.
    expect(templateOf(wanted)).toBe(wanted);
  });

  it('survive any text', () => {
    const random = seededRandom(5);
    const signs = ' \n\t"\'`{}[]()<>=,;:.-/@%#\\0123456789abcdefxyzABC\u00e9\u65e5\ud83d\u0000<num><*>';
    for (let i = 0; i < 3_000; i++) {
      const body = Array.from({ length: Math.floor(random() * 120) }, () => signs.charAt(Math.floor(random() * signs.length))).join('');
      expect(typeof templateOf(body)).toBe('string');
    }
    for (const body of ['', ' ', '\n\n', '"', "'", '<', 'x'.repeat(1_000_000), '"'.repeat(100_000), 'a '.repeat(100_000), '<num> '.repeat(1_000)]) expect(templateOf(body).length).toBeLessThan(10_000);
  });
});

describe('grouping', () => {
  it('finds the templates of the corpus', () => {
    const { miner } = minerWith();
    const lines = makeCorpus(40_000, 7);
    const groups = lines.map(({ service, body }) => miner.patternOf(service, 9, body, NOW_MS));
    expect(groupingAccuracy(lines, groups)).toBeGreaterThanOrEqual(0.95);
    expect(Math.abs(miner.size - CORPUS_TEMPLATES)).toBeLessThan(15);
    for (const { template } of miner.takeUpdates()) expect(templateOf(template)).toBe(template);
  });

  it('keeps the id when a template becomes more general, and says so', () => {
    const { miner, add } = minerWith();
    const id = add('user alice logged in from 10.0.0.1');
    expect(id).not.toBe(0n);
    expect(miner.takeUpdates()).toEqual([
      { pattern: id, service: 'cart', template: 'user alice logged in from <ip>', severityNumber: 9, sample: 'user alice logged in from 10.0.0.1', firstSeenMs: NOW_MS, updatedMs: NOW_MS },
    ]);
    expect(add('user alice logged in from 10.0.0.2')).toBe(id);
    expect(miner.takeUpdates()).toEqual([]);
    expect(add('user bob logged in from 10.0.0.2')).toBe(id);
    expect(miner.takeUpdates()).toMatchObject([{ pattern: id, template: 'user <*> logged in from <ip>', sample: 'user alice logged in from 10.0.0.1' }]);
  });

  it('tells services and lengths apart, and nothing from nothing', () => {
    const { add } = minerWith();
    const ids = [add('cache is cold'), add('cache is cold', 'shop'), add('cache is very cold'), add('disk is full')];
    expect(new Set(ids).size).toBe(4);
    expect([add(''), add(' \n ')]).toEqual([0n, 0n]);
  });

  it('takes a word for a value once it has stayed different often enough', () => {
    const { miner, add } = minerWith();
    const names = ['ada', 'ben', 'cleo', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida', 'jon'];
    const ids = names.map((name) => add(`hello dear ${name}`));
    expect(new Set(ids.slice(-3))).toEqual(new Set([ids[0]]));
    expect(miner.size).toBe(1);
    expect(miner.takeUpdates().find(({ pattern }) => pattern === ids[0])).toMatchObject({ template: 'hello dear <*>' });
  });

  it('decides by the first 4 KiB', () => {
    const { add } = minerWith();
    const long = 'word '.repeat(900);
    expect(add(`${long} one`)).toBe(add(`${long} two three`));
  });

  it('does not let a clock that runs ahead say when a template was first seen', () => {
    const { miner, add } = minerWith();
    add('from the future', 'cart', NOW_MS + 1e9);
    add('from the past indeed', 'cart', NOW_MS - 5000);
    expect(miner.takeUpdates().map(({ firstSeenMs }) => firstSeenMs)).toEqual([NOW_MS, NOW_MS - 5000]);
  });
});

describe('over a restart', () => {
  it('ids, first times and generality stay', () => {
    const before = minerWith();
    const lines = makeCorpus(20_000, 9);
    for (const { service, body } of lines) before.miner.patternOf(service, 9, body, NOW_MS - 1000);
    const settled = lines.slice(0, 5_000);
    const ids = settled.map(({ service, body }) => before.miner.patternOf(service, 9, body, NOW_MS));
    const after = minerWith();
    after.miner.restore(before.miner.takeUpdates());
    expect(settled.map(({ service, body }) => after.miner.patternOf(service, 9, body, NOW_MS))).toEqual(ids);
    expect(after.miner.takeUpdates()).toEqual([]);
    expect(after.miner.size).toBe(before.miner.size);
  });

  it('an id is the same in every process, without any row', () => {
    expect(minerWith().add('user 1 left')).toBe(minerWith().add('user 2 left'));
    expect(minerWith().add('user 1 left')).toBe(17_746_517_846_111_173_555n);
  });

  it('takes no more rows than fit', () => {
    const { miner } = minerWith({ max_patterns: 100, max_patterns_per_service: 10 });
    const row = (i: number, service: string) => ({ pattern: BigInt(i + 1), service, template: `template ${'x'.repeat(i + 1)} end`, severityNumber: 9, sample: '', firstSeenMs: 1, updatedMs: 1 });
    miner.restore(Array.from({ length: 50 }, (_, i) => row(i, 'a')));
    expect(miner.size).toBe(10);
  });
});

describe('updates', () => {
  it('come at a bounded rate', () => {
    const { miner, add, advance } = minerWith();
    for (let i = 0; i < 1_500; i++) add(`${'w'.repeat((i % 40) + 1)} ${'v'.repeat(Math.floor(i / 40) + 1)} end`, `s${i % 3}`);
    const first = miner.takeUpdates().length;
    expect(first).toBeLessThanOrEqual(1_000);
    expect(miner.takeUpdates().length + first).toBeLessThanOrEqual(1_000);
    advance(1_000);
    expect(miner.takeUpdates().length).toBeLessThanOrEqual(1_000);
  });

  it('come again when they were not made durable, unless newer ones do', () => {
    const { miner, add } = minerWith();
    add('user alice logged in from 10.0.0.1');
    const updates = miner.takeUpdates();
    miner.putBack(updates);
    expect(miner.takeUpdates()).toEqual(updates);
    add('user bob logged in from 10.0.0.1');
    miner.putBack(updates);
    expect(miner.takeUpdates()).toMatchObject([{ template: 'user <*> logged in from <ip>' }]);
  });
});

describe('memory', () => {
  it('is bounded under lines that are like no other, and it is said', () => {
    const { miner, add, warnings } = minerWith({ max_patterns: 500, max_patterns_per_service: 200 });
    const random = seededRandom(3);
    const word = () => Array.from({ length: 6 }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('');
    const steady = add('the steady line of 7 words here');
    const seen = new Set<bigint>();
    for (let i = 0; i < 20_000; i++) {
      add(Array.from({ length: 1 + Math.floor(random() * 20) }, word).join(' '), `service-${i % 5}`);
      if (i % 50 === 0) seen.add(add('the steady line of 8 words here'));
    }
    expect([...seen]).toEqual([steady]);
    expect(miner.size).toBeLessThanOrEqual(500);
    expect(warnings[0]).toMatch(/logs\.patterns\.max_patterns/);
    let left = 0;
    while (miner.takeUpdates().length > 0) left++;
    expect(left).toBeLessThan(3);
  });
});

it('gives a service that floods no templates for a while, and others theirs', () => {
  const { miner, add, advance } = minerWith();
  const letters = (n: number) => [...String(n)].map((digit) => String.fromCharCode(103 + Number(digit))).join('');
  const unlike = (i: number) => `${letters(i)} ${letters(i * 7 + 1)} ${letters(i * 13 + 2)} ${letters(i * 17 + 3)}`;
  const steady = add('user 1 left');
  for (let i = 0; i < 3_000; i++) add(unlike(i));
  expect(add('a line not seen before')).toBe(0n);
  expect(add('user 2 left')).toBe(steady);
  expect(add('a line not seen before', 'shop')).not.toBe(0n);
  advance(1_000);
  expect(add('a line not seen before')).not.toBe(0n);
  expect(miner.size).toBeLessThanOrEqual(1_010);
});

it('makes no more templates in a second than may be written, from however many services a flood comes', () => {
  const { miner, add, advance } = minerWith();
  const random = seededRandom(8);
  const word = () => Array.from({ length: 6 }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join('');
  const steady = add('user 1 left the shop', 'steady');
  const open = add('user ann entered the shop by bus', 'steady');
  for (let i = 0; i < 5_000; i++) add(Array.from({ length: 12 }, word).join(' '), `flood-${i % 100}`);
  expect(add('user 2 left the shop', 'steady')).toBe(steady);
  // What is like a template still joins it, but does not make it more general.
  expect(add('user bob entered the shop by bus', 'steady')).toBe(open);
  expect(miner.size).toBe(1_000);
  expect(miner.takeUpdates().find(({ pattern }) => pattern === open)).toMatchObject({ template: 'user ann entered the shop by bus' });
  expect(add('never seen before', 'steady')).toBe(0n);
  advance(1_000);
  expect(add('never seen before', 'steady')).not.toBe(0n);
});

it('looks at lines made to be slow for a short time only', () => {
  const tricks = [`{"${'\\"'.repeat(50_000)}`, '<'.repeat(100_000), '="b"'.repeat(50_000), `${'a://'.repeat(30_000)}`, `"${"'x ".repeat(50_000)}`];
  for (const body of tricks) {
    const line = new TokenLine();
    line.read(body);
    expect(line.text.length).toBeLessThan(5_000);
    expect(line.count).toBeLessThanOrEqual(128);
  }
});

describe('preview', () => {
  it('tells the template a line would join, and changes nothing', () => {
    const { miner, add } = minerWith();
    expect(miner.preview('cart', 'user 7 left')).toBe('user <num> left');
    expect(miner.size).toBe(0);
    add('user alice logged in from 10.0.0.1');
    miner.takeUpdates();
    expect(miner.preview('cart', 'user bob logged in from 10.0.0.2')).toBe('user <*> logged in from <ip>');
    expect(miner.preview('cart', 'user alice logged in from 10.0.0.3')).toBe('user alice logged in from <ip>');
    expect(miner.preview('cart', '')).toBeUndefined();
    expect(miner.takeUpdates()).toEqual([]);
  });
});
