import { AppError } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { clickHouseFailure, insertFailure } from './failures.ts';

const exception = (code: number, text: string) => new Error(`Code: ${code}. DB::Exception: ${text}`);

describe('failures of ClickHouse', () => {
  it.each([
    [exception(241, 'Memory limit (total) exceeded'), 'query_too_large'],
    [exception(159, 'Timeout exceeded'), 'query_timeout'],
    [exception(394, 'Query was cancelled'), 'canceled'],
    [exception(427, 'OptimizedRegularExpression: cannot compile re2: (, error: missing ): (.'), 'bad_query'],
    [exception(243, 'Cannot reserve 1.00 MiB, not enough space'), 'disk_full'],
    [exception(76, 'Cannot open file /data/x: , errno: 28, strerror: No space left on device'), 'disk_full'],
    [Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }), 'disk_full'],
    [exception(252, 'Too many parts'), 'store_unavailable'],
    [Object.assign(new Error('Authentication failed'), { code: '516' }), 'store_unavailable'],
    [exception(60, 'Unknown table'), 'internal'],
    ['not even an error', 'internal'],
  ])('%s is %s', (cause, code) => {
    expect(clickHouseFailure('query', cause)).toMatchObject({ code, message: expect.stringContaining('query: ') as string });
  });

  it('leaves our own errors alone', () => {
    const error = new AppError('canceled', 'gone');
    expect(clickHouseFailure('query', error)).toBe(error);
  });

  it('lets an insert that does not fit into memory be tried again', () => {
    expect(insertFailure('insert into x', exception(241, 'Memory limit exceeded'))).toMatchObject({ code: 'store_unavailable', message: expect.stringContaining('clickhouse.memory_bytes') as string });
    expect(insertFailure('insert into x', exception(53, 'Type mismatch'))).toMatchObject({ code: 'internal' });
  });
});
