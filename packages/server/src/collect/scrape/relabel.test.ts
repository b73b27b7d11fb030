import { describe, expect, it } from 'vitest';
import { relabelConfig } from './relabel-config.ts';
import { relabel } from './relabel.ts';

function relabelled(labels: Readonly<Record<string, string>>, ...configs: readonly object[]): Record<string, string> | undefined {
  const map = new Map(Object.entries(labels));
  const kept = relabel(map, configs.map((config) => relabelConfig.parse(config)));
  return kept ? Object.fromEntries(map) : undefined;
}

// The cases follow Prometheus' model/relabel tests in what they cover.
describe('relabelling', () => {
  it.each([
    ['replaces with groups', { a: 'foo', b: 'bar' }, { source_labels: ['a'], regex: 'f(.*)', target_label: 'd', replacement: 'ch${1}-ch$1' }, { a: 'foo', b: 'bar', d: 'choo-choo' }],
    ['joins source labels', { a: 'foo', b: 'bar' }, { source_labels: ['a', 'b'], regex: 'f(.*);(.*)r', target_label: 'a', replacement: 'b${1}${2}m' }, { a: 'boobam', b: 'bar' }],
    ['joins with another separator', { a: 'x', b: 'y' }, { source_labels: ['a', 'b', 'c'], separator: '/', target_label: 'd' }, { a: 'x', b: 'y', d: 'x/y/' }],
    ['leaves what does not match whole', { a: 'foo' }, { source_labels: ['a'], regex: 'o', target_label: 'a', replacement: 'x' }, { a: 'foo' }],
    ['deletes with an empty replacement', { a: 'foo', b: 'bar' }, { source_labels: ['a'], regex: 'foo', target_label: 'b', replacement: '' }, { a: 'foo' }],
    ['sets a constant', { a: 'foo' }, { target_label: 'env', replacement: 'prod' }, { a: 'foo', env: 'prod' }],
    ['writes to a label named by a group', { a: 'some-name-value' }, { source_labels: ['a'], regex: 'some-([^-]+)-([^,]+)', replacement: '${2}', target_label: '${1}' }, { a: 'some-name-value', name: 'value' }],
    ['skips a target that is not a label name', { a: 'some-2-value' }, { source_labels: ['a'], regex: 'some-([^-]+)-([^,]+)', replacement: '${2}', target_label: '${1}' }, { a: 'some-2-value' }],
    ['expands named groups and dollars', { a: 'x1' }, { source_labels: ['a'], regex: '(?P<l>x)(\\d)', target_label: 'b', replacement: '$l$$$2x|${9}' }, { a: 'x1', b: 'x$|' }],
    ['matches over line ends', { a: 'x\ny' }, { source_labels: ['a'], regex: 'x.y', target_label: 'b', replacement: '1' }, { a: 'x\ny', b: '1' }],
    ['keeps', { a: 'foo' }, { source_labels: ['a'], regex: 'f..', action: 'keep' }, { a: 'foo' }],
    ['keeps only whole matches', { a: 'foo' }, { source_labels: ['a'], regex: 'fo', action: 'keep' }, undefined],
    ['drops', { a: 'foo' }, { source_labels: ['a'], regex: 'f|foo', action: 'drop' }, undefined],
    ['drops on a missing label as an empty one', { a: 'foo' }, { source_labels: ['no'], regex: '', action: 'drop' }, undefined],
    ['keepequal keeps equals', { a: 'x', b: 'x' }, { source_labels: ['a'], target_label: 'b', action: 'keepequal' }, { a: 'x', b: 'x' }],
    ['keepequal drops others', { a: 'x', b: 'y' }, { source_labels: ['a'], target_label: 'b', action: 'keepequal' }, undefined],
    ['dropequal drops equals', { a: 'x', b: 'x' }, { source_labels: ['a'], target_label: 'b', action: 'dropequal' }, undefined],
    ['hashmod', { a: 'foo', b: 'bar', c: 'baz' }, { source_labels: ['c'], target_label: 'd', action: 'hashmod', modulus: 1000 }, { a: 'foo', b: 'bar', c: 'baz', d: '976' }],
    ['labelmap', { a: 'foo', b1: 'bar', b2: 'baz' }, { regex: '(b.*)', replacement: 'bar_${1}', action: 'labelmap' }, { a: 'foo', b1: 'bar', b2: 'baz', bar_b1: 'bar', bar_b2: 'baz' }],
    ['labeldrop', { a: 'foo', b1: 'bar', b2: 'baz' }, { regex: 'b.*', action: 'labeldrop' }, { a: 'foo' }],
    ['labelkeep', { a: 'foo', b1: 'bar', b2: 'baz' }, { regex: 'b.*', action: 'labelkeep' }, { b1: 'bar', b2: 'baz' }],
    ['lowercase', { a: 'FoO' }, { source_labels: ['a'], target_label: 'b', action: 'lowercase' }, { a: 'FoO', b: 'foo' }],
    ['uppercase, action in any case', { a: 'FoO' }, { source_labels: ['a'], target_label: 'b', action: 'Uppercase' }, { a: 'FoO', b: 'FOO' }],
  ])('%s', (_, labels, config, expected) => {
    expect(relabelled(labels, config)).toEqual(expected);
  });

  it('applies steps in order and stops at a drop', () => {
    const steps = [
      { source_labels: ['a'], target_label: '__tmp' },
      { source_labels: ['__tmp'], regex: 'x', action: 'drop' },
      { source_labels: ['__tmp'], target_label: 'b' },
    ];
    expect(relabelled({ a: 'y' }, ...steps)).toEqual({ a: 'y', __tmp: 'y', b: 'y' });
    expect(relabelled({ a: 'x' }, ...steps)).toBeUndefined();
  });

  it.each([
    [{ regex: '(' , target_label: 'a' }, 'is not an RE2 regular expression'],
    [{ regex: '(?=a)', target_label: 'a' }, 'is not an RE2 regular expression'],
    [{}, 'action replace needs a target_label'],
    [{ action: 'hashmod', target_label: 'a' }, 'needs a modulus'],
    [{ target_label: '9$' }, 'is not a label name'],
    [{ action: 'keepequal', target_label: 'a', regex: 'x' }, 'takes source_labels and target_label only'],
    [{ action: 'explode' }, 'Invalid'],
    [{ target_labels: 'a' }, 'target_labels'],
  ])('refuses %j', (config, message) => {
    const result = relabelConfig.safeParse(config);
    expect(result.error?.message).toContain(message);
  });
});
