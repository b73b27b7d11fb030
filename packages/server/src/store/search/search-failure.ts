import { AppError } from '@pitot/core';

/** ClickHouse's CANNOT_COMPILE_REGEXP. */
const BAD_REGEX = /Code: 427\b/;

/** What a search failed with: an expression that RE2 does not take is the caller's mistake, not a defect. */
export function searchFailure(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'internal' || !BAD_REGEX.test(error.message)) return error;
  const reason = /OptimizedRegularExpression: cannot compile re2: [^,]*, error: ([^.\n]*)/.exec(error.message)?.[1];
  const hint = 'RE2 has no look-around and no back-references';
  return new AppError('bad_query', `the regular expression cannot be read${reason === undefined ? '' : `: ${reason}`}; ${hint}`, { cause: error, fields: { hint } });
}
