import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { ExpositionParser, type Dialect } from './exposition-parser.ts';

interface Line {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestampMs?: number;
  readonly exemplar?: string;
}

function read(text: string, dialect: Dialect = 'text'): Line[] {
  const parser = new ExpositionParser(text, dialect);
  const lines: Line[] = [];
  for (let kind = parser.next(); kind !== 'end'; kind = parser.next()) {
    if (kind === 'comment') {
      parser.readComment();
      continue;
    }
    parser.scanSeries();
    const labels = Object.fromEntries(parser.seriesPairs());
    parser.readValue();
    lines.push({
      labels,
      value: parser.value,
      ...(!Number.isNaN(parser.timestampMs) && { timestampMs: parser.timestampMs }),
      ...(parser.exemplar !== '' && { exemplar: parser.exemplar }),
    });
  }
  return lines;
}

function failure(text: string, dialect: Dialect = 'text'): string {
  try {
    read(text, dialect);
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
  return 'no error';
}

const fixture = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8');

describe('text format 0.0.4', () => {
  it.each(['prometheus.prom', 'victoria-metrics.prom', 'node.prom'])('reads every line of %s', (name) => {
    const text = fixture(name);
    const expected = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const lines = read(text);
    expect(lines.map(({ value }) => value)).toEqual(expected.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1).replace('+Inf', 'Infinity'))));
    expect(lines.map(({ labels }) => labels['__name__'])).toEqual(expected.map((line) => line.split(/[ {]/)[0]));
  });

  it('reads labels with escapes, spaces, commas and braces', () => {
    expect(read('a{ x = "q\\"b\\\\n\\n}" , y="é{," , } 1\n')).toEqual([{ labels: { __name__: 'a', x: 'q"b\\n\n}', y: 'é{,' }, value: 1 }]);
    expect(read('a {x="1"}\t2\n\n  b{} 3\r\n c 4')).toEqual([
      { labels: { __name__: 'a', x: '1' }, value: 2 },
      { labels: { __name__: 'b' }, value: 3 },
      { labels: { __name__: 'c' }, value: 4 },
    ]);
  });

  it('reads quoted UTF-8 names', () => {
    expect(read('{"my.metric","a.b"="1",c="2"} 5\n')).toEqual([{ labels: { __name__: 'my.metric', 'a.b': '1', c: '2' }, value: 5 }]);
  });

  it.each([
    ['0', 0],
    ['-0', -0],
    ['+5', 5],
    ['123456789012345', 123456789012345],
    ['12345678901234567890', 1.2345678901234567e19],
    ['0.1', 0.1],
    ['-2.718281828459045', -2.718281828459045],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['1e-7', 1e-7],
    ['2.5E+3', 2500],
    ['.5', 0.5],
    ['5.', 5],
    ['NaN', Number.NaN],
    ['+Inf', Number.POSITIVE_INFINITY],
    ['-inf', Number.NEGATIVE_INFINITY],
  ])('reads the value %s', (text, value) => {
    expect(Object.is(read(`a ${text}\n`)[0]!.value, value)).toBe(true);
    expect(Object.is(read(`a ${text} 17\n`)[0]!.value, value)).toBe(true);
  });

  it('reads decimals as exactly as Number does', () => {
    for (let i = 0; i < 2000; i++) {
      const text = ((i * 7919) % 100_003) / 1000 + (i % 7 === 0 ? 'e3' : '');
      expect(read(`a ${text}\n`)[0]!.value).toBe(Number(text));
    }
  });

  it('reads timestamps in milliseconds', () => {
    expect(read('a 1 1395066363000\nb 2 -5 \n').map(({ timestampMs }) => timestampMs)).toEqual([1395066363000, -5]);
  });

  it.each([
    ['a 1\nb{x="1" 2\n', 'line 2: the labels are not closed with }'],
    ['a 1\n\n# x\nb{x="1"}\n', 'line 4: expected a value, got ""'],
    ['a one\n', 'line 1: expected a value, got "one"'],
    ['a 0x10\n', 'line 1: expected a value, got "0x10"'],
    ['a 1_000\n', 'line 1: expected a value, got "1_000"'],
    ['a 1 2 3\n', 'line 1: there is something after'],
    ['a 1 1.5\n', 'line 1: the timestamp is not a time'],
    ['a 1 # {x="y"} 2\n', 'line 1: there is something after'],
    ['9a 1\n', 'line 1: "9a" is not a metric name'],
    ['a-b 1\n', 'line 1: "a-b" is not a metric name'],
    ['{x="1"} 1\n', 'line 1: the metric name is missing'],
    ['a{x="1",x="2"} 1\n', 'line 1: a label name is repeated'],
    ['a{9x="1"} 1\n', 'line 1: expected a label name'],
    ['a{x=1} 1\n', 'line 1: expected a quoted value'],
    ['a{x="1"y="2"} 1\n', 'line 1: expected , or }'],
    ['a{x} 1\n', 'line 1: expected = after the label name "x"'],
    ['a{x="1\n', 'line 1: the labels are not closed'],
    ['<html>\n', 'line 1: "<html>" is not a metric name'],
  ])('refuses %j with the line', (text, message) => {
    expect(failure(text)).toContain(message);
  });
});

describe('OpenMetrics 1.0', () => {
  it('reads exemplars, seconds and created series', () => {
    const text = [
      '# TYPE foo histogram',
      '# UNIT foo_seconds seconds',
      'foo_bucket{le="1.0"} 8 1520879607.789 # {trace_id="KOO5S4vxi0o",x="}"} 0.67 1520879607.7',
      'foo_count 17',
      'foo_created 1520430000.123',
      '# EOF',
      '',
    ].join('\n');
    expect(read(text, 'openmetrics')).toEqual([
      { labels: { __name__: 'foo_bucket', le: '1.0' }, value: 8, timestampMs: 1520879607789, exemplar: '{trace_id="KOO5S4vxi0o",x="}"} 0.67 1520879607.7' },
      { labels: { __name__: 'foo_count' }, value: 17 },
      { labels: { __name__: 'foo_created' }, value: 1520430000.123 },
    ]);
  });

  it('takes exemplars apart', () => {
    const parser = new ExpositionParser('a_total 1 # {t="x\\"}",s=""} 0.5 1.25\n# EOF\n', 'openmetrics');
    parser.next();
    parser.scanSeries();
    parser.readValue();
    expect(parser.exemplarParts()).toEqual({ pairs: [['t', 'x"}'], ['s', '']], value: 0.5, timestampMs: 1250 });
  });

  it('reads what the Node client exposes', () => {
    const lines = read(fixture('node.openmetrics'), 'openmetrics');
    const order = lines.find(({ labels }) => labels['__name__'] === 'shop_orders_total');
    expect(order).toMatchObject({ value: 2, labels: { kind: 'a"b\\c' } });
    expect(order?.exemplar).toContain('4bf92f3577b34da6a3ce929d0e0e4736');
    expect(lines.length).toBeGreaterThan(50);
  });

  it.each([
    ['a 1\n', 'line 1: the body ends without "# EOF"'],
    ['a 1\n\n# EOF\n', 'line 2: empty lines'],
    ['a 1\n# hello\n# EOF\n', 'line 2: expected "# HELP"'],
    ['# EOF\na 1\n', 'line 2: there is something after "# EOF"'],
    ['a 1 # x\n# EOF\n', 'line 1: expected an exemplar'],
    ['a 1 # {x="1"}\n# EOF\n', 'line 1: expected an exemplar'],
    ['a 1 # {x="1\n# EOF\n', 'line 1: expected an exemplar'],
  ])('refuses %j with the line', (text, message) => {
    expect(failure(text, 'openmetrics')).toContain(message);
  });
});

it('never takes a known series for the beginning of another', () => {
  const parser = new ExpositionParser('ab 1\n', 'text');
  parser.next();
  expect(parser.expect('a')).toBe(false);
  expect(parser.expect('ab')).toBe(true);
  parser.readValue();
  expect(parser.value).toBe(1);
});
