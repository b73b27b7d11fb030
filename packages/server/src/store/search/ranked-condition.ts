/**
 * What must be read to decide a condition, the cheapest first. Conditions that must all be true are written in this order and tried in it
 * (`IN_ORDER`): the engine's own order goes by the size of columns, and would read the text before the index that leaves little of it.
 */
const READS = ['index', 'column', 'attributes', 'text'] as const;
type Reads = (typeof READS)[number];

export interface RankedCondition {
  readonly sql: string;
  readonly reads: Reads;
}

/** Settings of a statement whose conditions are tried as they are written. */
export const IN_ORDER = { allow_reorder_prewhere_conditions: 0 } as const;

/** One condition that is true where all are. */
export function allOf(conditions: readonly RankedCondition[]): RankedCondition {
  if (conditions.length === 1) return conditions[0]!;
  const ordered = conditions.toSorted((a, b) => READS.indexOf(a.reads) - READS.indexOf(b.reads));
  return { sql: `(${ordered.map(({ sql }) => sql).join(' AND ')})`, reads: ordered.at(-1)!.reads };
}

/** One condition that is true where any is. */
export function anyOf(conditions: readonly RankedCondition[]): RankedCondition {
  if (conditions.length === 1) return conditions[0]!;
  const most = Math.max(...conditions.map(({ reads }) => READS.indexOf(reads)));
  return { sql: `(${conditions.map(({ sql }) => sql).join(' OR ')})`, reads: READS[most]! };
}
