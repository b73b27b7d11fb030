/** How often something was found in two groups. Whole numbers; hits are at most the totals. */
export interface ShareTable {
  readonly hits: number;
  readonly total: number;
  readonly otherHits: number;
  readonly otherTotal: number;
}

/** The 97.5 % point of the normal distribution: both ends of a 95 % interval. */
const Z = 1.959963984540054;

/**
 * The lower end of the 95 % interval of the ratio of the two shares. Half a hit is added to each group where the other has none, so that the ratio is finite.
 * Source: Katz et al., "Obtaining Confidence Intervals for the Risk Ratio in Cohort Studies", Biometrics 34 (1978), the logarithmic method.
 */
export function riskRatioLowerEnd({ hits, total, otherHits, otherTotal }: ShareTable): number {
  if (hits === 0 || total === 0 || otherTotal === 0) return 0;
  const add = otherHits === 0 ? 0.5 : 0;
  const [a, n, c, m] = [hits + add, total + add, otherHits + add, otherTotal + add];
  const spread = Math.sqrt(Math.max(0, 1 / a - 1 / n + 1 / c - 1 / m));
  return Math.exp(Math.log(a / n / (c / m)) - Z * spread);
}

/**
 * The lower end of the 95 % interval of the difference of the two shares, first minus second: -1 to 1.
 * Source: R. G. Newcombe, "Interval Estimation for the Difference Between Independent Proportions", Statistics in Medicine 17 (1998), method 10.
 */
export function shareDifferenceLowerEnd({ hits, total, otherHits, otherTotal }: ShareTable): number {
  if (total === 0 || otherTotal === 0) return -1;
  const share = hits / total;
  const other = otherHits / otherTotal;
  const [low] = wilson(hits, total);
  const [, high] = wilson(otherHits, otherTotal);
  return share - other - Math.hypot(share - low, high - other);
}

/** Source: E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 22 (1927). */
function wilson(hits: number, total: number): readonly [number, number] {
  const share = hits / total;
  const square = (Z * Z) / total;
  const middle = (share + square / 2) / (1 + square);
  const half = (Z / (1 + square)) * Math.sqrt((share * (1 - share)) / total + square / (4 * total));
  return [middle - half, middle + half];
}
