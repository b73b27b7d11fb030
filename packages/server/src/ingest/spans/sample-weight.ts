/** The digits of 56 bits. */
const MOST_DIGITS = 14;
const THRESHOLD = /(?:^|;)th:([\da-f]{1,14})(?:;|$)/;
const OPENTELEMETRY = /(?:^|,)\s*ot=([^,]*)/;

/**
 * How many spans a sampled one stands for, by the threshold in its W3C tracestate (`ot=th:c`): the probability is 1 - T/2^56, where T is given
 * without its trailing zeros. 1 where there is none, or none that can be. Source: OpenTelemetry specification, "TraceState: Probability Sampling".
 */
export function sampleWeightOf(traceState: string): number {
  const threshold = THRESHOLD.exec(OPENTELEMETRY.exec(traceState)?.[1] ?? '')?.[1];
  if (threshold === undefined) return 1;
  // T < 2^56 as there are at most 14 digits, so the probability is never 0 in exact numbers; as a double it could be.
  const rejected = BigInt(`0x${threshold.padEnd(MOST_DIGITS, '0')}`);
  return 2 ** 56 / Number((1n << 56n) - rejected);
}
