import { describe, expect, it } from 'vitest';
import { AppError, ERROR_CODES, HTTP_STATUS, toAppError, type ErrorCode } from './errors.ts';

describe('AppError', () => {
  it('takes kind and status from its code', () => {
    const error = new AppError('spool_full', 'full', { retryAfterSeconds: 5, fields: { limit: 1 } });
    expect(error).toMatchObject({ kind: 'limited', httpStatus: 429, retryAfterSeconds: 5, fields: { limit: 1 } });
  });

  it.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s has a status and a meaning in a whole sentence', (code) => {
    const [kind, meaning] = ERROR_CODES[code];
    expect(HTTP_STATUS[kind]).toBeGreaterThanOrEqual(400);
    expect(meaning).toMatch(/^[A-Z].*\.$/);
  });

  it('is made of anything thrown', () => {
    expect(toAppError(new DOMException('gone', 'AbortError')).code).toBe('canceled');
    expect(toAppError('text')).toMatchObject({ code: 'internal', message: 'text' });
    const cause = new Error('deep');
    expect(toAppError(cause).cause).toBe(cause);
    const own = new AppError('not_found', 'x');
    expect(toAppError(own)).toBe(own);
  });
});
