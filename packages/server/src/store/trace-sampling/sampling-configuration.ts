import { z } from 'zod';

/** `traces.sampling`: which whole traces are kept. Rates, errors and durations count every span, whatever is kept. */
export const traceSamplingSchema = z.strictObject({
  enabled: z.boolean().default(false).describe('Decide on whole traces after a wait. Off: every span that comes is kept.'),
  decision_wait_seconds: z.number().min(1).max(600).default(30).describe('How long a span waits for the rest of its trace before the decision.'),
  keep_errors: z.boolean().default(true).describe('Keep every trace with a failed span.'),
  slow_ms: z.number().positive().optional().describe('Keep every trace with a span that took at least this long. Default: none for this reason.'),
  slower_than_p95: z.boolean().default(true).describe('Keep every trace whose root took longer than 95 % of its operation in the last hour, where there were a hundred.'),
  rare_per_minute: z.number().nonnegative().default(1).describe('Keep every trace that has a request of an operation with fewer than this many per minute, over the last five. 0: none for this reason.'),
  probability: z.number().min(0).max(1).default(0.1).describe('Share of all other traces that is kept; each of these counts for 1/probability.'),
});

export type TraceSampling = z.infer<typeof traceSamplingSchema>;
