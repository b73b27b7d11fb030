/** Whether two counts differ by more than chance. Calls come in bursts, so the bounds are higher than independent ones would need. */

/** How many standard errors apart two shares are (two-proportion test, pooled); positive where the second is larger. 0 where a side is empty. */
export function proportionZ(errorsBefore: number, callsBefore: number, errorsAfter: number, callsAfter: number): number {
  if (callsBefore <= 0 || callsAfter <= 0) return 0;
  const pooled = (errorsBefore + errorsAfter) / (callsBefore + callsAfter);
  const deviation = Math.sqrt(pooled * (1 - pooled) * (1 / callsBefore + 1 / callsAfter));
  return deviation === 0 ? 0 : (errorsAfter / callsAfter - errorsBefore / callsBefore) / deviation;
}

/** How many standard errors apart two rates of events are, each counted over its own length; positive where the second is larger. */
export function rateZ(countBefore: number, lengthBefore: number, countAfter: number, lengthAfter: number): number {
  const rate = (countBefore + countAfter) / (lengthBefore + lengthAfter);
  const deviation = Math.sqrt(rate * (1 / lengthBefore + 1 / lengthAfter));
  return deviation === 0 ? 0 : (countAfter / lengthAfter - countBefore / lengthBefore) / deviation;
}

/**
 * How far a share rose, in standard errors, by the likelihood of two binomials against one: right for small counts too, where the normal
 * approximation finds far too much. Negative where it fell; 0 where a side is empty.
 */
export function shareRiseZ(badBefore: number, allBefore: number, badAfter: number, allAfter: number): number {
  if (allBefore <= 0 || allAfter <= 0) return 0;
  const gain = binomialLogLikelihood(badBefore, allBefore) + binomialLogLikelihood(badAfter, allAfter) - binomialLogLikelihood(badBefore + badAfter, allBefore + allAfter);
  return Math.sign(badAfter / allAfter - badBefore / allBefore) * Math.sqrt(2 * Math.max(0, gain));
}

/** Of the likeliest share, without the constant. */
export function binomialLogLikelihood(bad: number, all: number): number {
  const good = Math.max(0, all - bad);
  return (bad > 0 ? bad * Math.log(bad / all) : 0) + (good > 0 ? good * Math.log(good / all) : 0);
}
