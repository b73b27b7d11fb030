import { compareCodeUnits, METRIC_NAME, type Labels, type RejectReason } from '@pitot/core';

/**
 * Makes a label set of decoded pairs (flat, as sent). Empty values are dropped, as Prometheus does. Senders must sort,
 * but Prometheus' own receiver sorts once more for those that do not, and so do we. Answers a reason where the set is not one.
 */
export function labelsOfPairs(pairs: string[]): Labels | RejectReason {
  const labels = isSortedAndFull(pairs) ? pairs : sorted(pairs);
  let named = false;
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    if (name === '') return 'invalid_label';
    if (i > 0 && name === labels[i - 2]) return 'invalid_label';
    if (name === METRIC_NAME) named = true;
  }
  return named ? labels : 'missing_metric_name';
}

function isSortedAndFull(pairs: readonly string[]): boolean {
  for (let i = 0; i < pairs.length; i += 2) {
    if (pairs[i + 1] === '' || (i > 0 && pairs[i - 2]! >= pairs[i]!)) return false;
  }
  return true;
}

/** Keeps repeated names side by side, so that the caller sees them. */
function sorted(pairs: readonly string[]): string[] {
  const order: number[] = [];
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i + 1] !== '') order.push(i);
  order.sort((x, y) => compareCodeUnits(pairs[x]!, pairs[y]!));
  return order.flatMap((i) => [pairs[i]!, pairs[i + 1]!]);
}
