import type { ShareTable } from './shares.ts';

/**
 * Fisher's exact test, one-sided: how likely it is to find the value at least so often in the first group if it is no more frequent there,
 * with the margins as they are. 0–1. Counts are whole numbers.
 * Source: R. A. Fisher, "On the Interpretation of χ² from Contingency Tables, and the Calculation of P", JRSS 85 (1922); the sum over the hypergeometric
 * distribution as in Agresti, "Categorical Data Analysis", 3rd ed., section 3.5.1. Terms are made from each other by their ratio and summed until
 * they no longer change the sum, so that large tables take no longer than their tail is wide.
 */
export function fisherGreater({ hits, total, otherHits, otherTotal }: ShareTable): number {
  const allHits = hits + otherHits;
  const all = total + otherTotal;
  const most = Math.min(allHits, total);
  const least = Math.max(0, allHits - otherTotal);
  if (hits <= least) return 1;
  // The shorter way round where more than half of the distribution lies above.
  if (hits <= (allHits * total) / all) return Math.min(1, 1 - tail(hits - 1, -1, least));
  return Math.min(1, tail(hits, 1, most));

  /** Sum of the probabilities from `from` to `to`, outward from the middle of the distribution. */
  function tail(from: number, step: 1 | -1, to: number): number {
    let term = Math.exp(
      logChoose(total, from) + logChoose(otherTotal, allHits - from) - logChoose(all, allHits),
    );
    let sum = term;
    for (let k = from; k !== to && term > sum * Number.EPSILON; k += step) {
      term *= step === 1 ? ((total - k) * (allHits - k)) / ((k + 1) * (otherTotal - allHits + k + 1)) : (k * (otherTotal - allHits + k)) / ((total - k + 1) * (allHits - k + 1));
      sum += term;
    }
    return sum;
  }
}

function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const EXACT_BELOW = 128;
const LOG_FACTORIALS = Float64Array.from({ length: EXACT_BELOW }, () => 0);
for (let n = 2; n < EXACT_BELOW; n++) LOG_FACTORIALS[n] = LOG_FACTORIALS[n - 1]! + Math.log(n);

/** Stirling's series; from 128 on its error is below 1e-17. Source: NIST DLMF 5.11.1. */
function logFactorial(n: number): number {
  if (n < EXACT_BELOW) return LOG_FACTORIALS[n]!;
  const inverse = 1 / n;
  const square = inverse * inverse;
  return (n + 0.5) * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI) + inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
}
