import type { FieldTerm } from '@pitot/core/search';

interface Bound {
  readonly op: '<' | '<=' | '>' | '>=';
  readonly value: string;
}

/** The ends of a comparison or range; none where the condition is neither. */
export function boundsOf({ condition }: FieldTerm): Bound[] {
  if (condition.op === 'range') {
    const { from, to, fromInclusive, toInclusive } = condition;
    return [
      ...(from === undefined ? [] : [{ op: fromInclusive ? '>=' : '>', value: from } as const]),
      ...(to === undefined ? [] : [{ op: toInclusive ? '<=' : '<', value: to } as const]),
    ];
  }
  return condition.op === '<' || condition.op === '<=' || condition.op === '>' || condition.op === '>=' ? [condition] : [];
}
