import { AppError } from '../errors.ts';
import type { TextSpan } from './ast.ts';

/** A `bad_query` whose fields say where (`from`, `to`, UTF-16 units, `to` exclusive) and, where one can tell, what to write instead (`hint`). */
export function searchError(message: string, { from, to }: TextSpan, hint?: string): AppError {
  return new AppError('bad_query', hint === undefined ? message : `${message}; ${hint}`, { fields: { from, to, ...(hint !== undefined && { hint }) } });
}
