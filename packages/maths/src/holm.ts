/**
 * P-values corrected for their number, in the same order: with a limit of 5 % on the corrected ones, the chance of even one false finding is at most 5 %, however
 * the tests depend on each other. `tests` is how many were made, where not all are given.
 * Source: S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6 (1979).
 */
export function holmCorrected(pValues: readonly number[], tests: number = pValues.length): number[] {
  const ascending = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const corrected: number[] = Array.from({ length: pValues.length });
  let least = 0;
  ascending.forEach((i, rank) => {
    least = Math.max(least, Math.min(1, pValues[i]! * (tests - rank)));
    corrected[i] = least;
  });
  return corrected;
}
