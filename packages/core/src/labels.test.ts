import { describe, expect, it } from 'vitest';
import { compareLabels, labelsEqual, labelsFromObject, labelsFromPairs, labelsKey, labelsToObject, labelValue } from './labels.ts';

describe('labels', () => {
  it('are sorted by name and lose empty values', () => {
    expect(labelsFromObject({ b: '2', __name__: 'm', a: '', Z: '1' })).toEqual(['Z', '1', '__name__', 'm', 'b', '2']);
  });

  it('let the last of equal names win', () => {
    expect(labelsFromPairs([['a', '1'], ['a', '2']])).toEqual(['a', '2']);
  });

  it('read absence as the empty string', () => {
    const labels = labelsFromObject({ a: '1' });
    expect(labelValue(labels, 'a')).toBe('1');
    expect(labelValue(labels, 'b')).toBe('');
    expect(labelsToObject(labels)).toEqual({ a: '1' });
  });

  it('tell sets apart whose joined text is the same', () => {
    expect(labelsKey(['a', 'b,c', 'd', 'e'])).not.toBe(labelsKey(['a', 'b', 'c,d', 'e']));
    expect(labelsEqual(['a', '1'], ['a', '1'])).toBe(true);
    expect(labelsEqual(['a', '1'], ['a', '1', 'b', '2'])).toBe(false);
  });

  it('are ordered name by name, then the shorter first', () => {
    const sets = [['b', '1'], ['a', '2'], ['a', '1', 'b', '1'], ['a', '1']];
    expect(sets.sort(compareLabels)).toEqual([['a', '1'], ['a', '1', 'b', '1'], ['a', '2'], ['b', '1']]);
  });
});
