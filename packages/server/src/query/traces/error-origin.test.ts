import { describe, expect, it } from 'vitest';
import { findErrorOrigin, type ErrorOrigin } from './error-origin.ts';
import { madeSpan, type MadeSpan } from './fixtures/made-spans.ts';
import { buildSpanTree } from './span-tree.ts';

function originOf(...spans: MadeSpan[]): ErrorOrigin | undefined {
  const { nodes, root } = buildSpanTree(spans.map(madeSpan));
  return findErrorOrigin(nodes, root);
}
const chainOf = (...spans: MadeSpan[]) => originOf(...spans)?.chain.map(({ span }) => span.spanId);

const failed = { status: 'error' } as const;
const root = { spanId: 'root', from: 0, to: 100, kind: 'server' } as const;

describe('where an error came from', () => {
  const scenarios: readonly (readonly [what: string, spans: readonly MadeSpan[], chain: readonly string[] | undefined])[] = [
    ['nothing failed', [root, { spanId: 'a', parentId: 'root', from: 10, to: 90 }], undefined],
    ['only the root failed', [{ ...root, ...failed }, { spanId: 'a', parentId: 'root', from: 10, to: 90 }], ['root']],
    [
      'a failure goes up through three services',
      [{ ...root, ...failed }, { spanId: 'a', parentId: 'root', from: 10, to: 90, ...failed }, { spanId: 'b', parentId: 'a', from: 20, to: 80, ...failed }],
      ['b', 'a', 'root'],
    ],
    [
      'a deeper failure was handled: its parent is well',
      [
        { ...root, ...failed },
        { spanId: 'shallow', parentId: 'root', from: 60, to: 95, ...failed },
        { spanId: 'well', parentId: 'root', from: 10, to: 50 },
        { spanId: 'deep', parentId: 'well', from: 15, to: 30, ...failed },
        { spanId: 'deeper', parentId: 'deep', from: 16, to: 29, ...failed },
      ],
      ['shallow', 'root'],
    ],
    [
      'a call was tried again with success, and the root failed of itself',
      [
        { ...root, ...failed },
        { spanId: 'try1', operation: 'GET /price', parentId: 'root', from: 10, to: 30, ...failed },
        { spanId: 'try2', operation: 'GET /price', parentId: 'root', from: 31, to: 50 },
      ],
      ['root'],
    ],
    [
      'a call failed three times: the last try counts',
      [
        { ...root, ...failed },
        { spanId: 'try1', operation: 'GET /price', parentId: 'root', from: 10, to: 30, ...failed },
        { spanId: 'try2', operation: 'GET /price', parentId: 'root', from: 40, to: 60, ...failed },
        { spanId: 'try3', operation: 'GET /price', parentId: 'root', from: 70, to: 98, ...failed },
      ],
      ['try3', 'root'],
    ],
    [
      'the cache failed and was passed over, the database then failed',
      [
        { ...root, ...failed },
        { spanId: 'cache', parentId: 'root', from: 10, to: 12, ...failed },
        { spanId: 'lookup', parentId: 'root', from: 13, to: 40 },
        { spanId: 'database', parentId: 'root', from: 41, to: 99, ...failed },
      ],
      ['database', 'root'],
    ],
    [
      'a failed call was passed over, and the root failed of something else',
      [{ ...root, ...failed, exceptionType: 'TypeError' }, { spanId: 'recommend', parentId: 'root', from: 10, to: 20, ...failed }, { spanId: 'charge', parentId: 'root', from: 21, to: 80 }],
      ['root'],
    ],
    [
      'undoing after a failure does not shield it',
      [{ ...root, ...failed }, { spanId: 'insert', parentId: 'root', from: 10, to: 40, ...failed }, { spanId: 'undo', operation: 'ROLLBACK', parentId: 'root', from: 41, to: 50 }],
      ['insert', 'root'],
    ],
    [
      'the same words go up, past a later failure that says something else',
      [
        { ...root, ...failed, exceptionMessage: 'payment: card refused by bank' },
        { spanId: 'bank', parentId: 'root', from: 10, to: 40, ...failed, exceptionMessage: 'card refused by bank' },
        { spanId: 'mail', parentId: 'root', from: 50, to: 99, ...failed, exceptionMessage: 'smtp is away' },
      ],
      ['bank', 'root'],
    ],
    [
      'side by side: the one whose end ended the parent',
      [{ ...root, to: 42, ...failed }, { spanId: 'early', parentId: 'root', from: 10, to: 41, ...failed }, { spanId: 'first', parentId: 'root', from: 10, to: 20, ...failed }],
      ['early', 'root'],
    ],
    [
      'an HTTP 5xx follows from a 5xx rather than from a 404',
      [
        { ...root, httpStatus: 502 },
        { spanId: 'missing', parentId: 'root', kind: 'client', from: 10, to: 99, ...failed, httpStatus: 404 },
        { spanId: 'upstream', parentId: 'root', kind: 'client', from: 10, to: 60, ...failed, httpStatus: 503 },
      ],
      ['upstream', 'root'],
    ],
    [
      'a timeout: the slow child is the origin though it is well',
      [
        { ...root, ...failed, statusMessage: 'context deadline exceeded' },
        { spanId: 'call', kind: 'client', parentId: 'root', from: 5, to: 100, ...failed, exceptionType: 'TimeoutError' },
        { spanId: 'slow', kind: 'server', service: 'stock', instance: 's', parentId: 'call', from: 6, to: 400 },
        { spanId: 'query', service: 'stock', instance: 's', parentId: 'slow', from: 7, to: 390 },
        { spanId: 'quick', service: 'stock', instance: 's', parentId: 'slow', from: 6, to: 7 },
      ],
      ['query', 'slow', 'call', 'root'],
    ],
    [
      'a timeout of something that failed itself later, of its own slow call',
      [
        { ...root, ...failed, statusMessage: 'timed out' },
        { spanId: 'slow', parentId: 'root', from: 5, to: 400, ...failed },
        { spanId: 'lock', parentId: 'slow', from: 6, to: 399, ...failed, exceptionMessage: 'deadlock detected' },
      ],
      ['lock', 'slow', 'root'],
    ],
    [
      'a timeout with nobody at the other end',
      [{ ...root, ...failed }, { spanId: 'call', kind: 'client', peer: 'stock', parentId: 'root', from: 5, to: 99, ...failed, exceptionType: 'ETIMEDOUT' }],
      ['call', 'root'],
    ],
    [
      'the failure of a message’s work is not that of its sender',
      [{ ...root, ...failed }, { spanId: 'send', kind: 'producer', parentId: 'root', from: 10, to: 12 }, { spanId: 'work', kind: 'consumer', parentId: 'send', from: 13, to: 90, ...failed }],
      ['root'],
    ],
    [
      'the work on a message failed, all else is well',
      [root, { spanId: 'send', kind: 'producer', parentId: 'root', from: 10, to: 12 }, { spanId: 'work', kind: 'consumer', parentId: 'send', from: 13, to: 90, ...failed }, { spanId: 'sql', parentId: 'work', from: 20, to: 89, ...failed }],
      ['sql', 'work'],
    ],
    ['all failures were handled', [root, { spanId: 'a', parentId: 'root', from: 10, to: 20, ...failed }, { spanId: 'b', parentId: 'a', from: 11, to: 19, ...failed }], undefined],
    [
      'the span between was lost',
      [{ ...root, ...failed }, { spanId: 'orphan', parentId: 'gone', from: 20, to: 80, ...failed }],
      ['orphan', 'root'],
    ],
    [
      'the root was lost',
      [{ spanId: 'a', parentId: 'gone', from: 0, to: 50, ...failed }, { spanId: 'b', parentId: 'a', from: 10, to: 45, ...failed }],
      ['b', 'a'],
    ],
    [
      'what was started and left alone failed after its parent’s end',
      [{ ...root, ...failed }, { spanId: 'later', parentId: 'root', from: 120, to: 130, ...failed }, { spanId: 'now', parentId: 'root', from: 50, to: 99, ...failed }],
      ['now', 'root'],
    ],
    [
      'a failed leaf beneath a well span of another branch is not deeper truth',
      [
        { ...root, ...failed },
        { spanId: 'left', parentId: 'root', from: 10, to: 95, ...failed },
        { spanId: 'right', parentId: 'root', from: 10, to: 94 },
        { spanId: 'leaf', parentId: 'right', from: 11, to: 93, ...failed },
      ],
      ['left', 'root'],
    ],
  ];

  it.each(scenarios)('%s', (_, spans, chain) => {
    expect(chainOf(...spans)).toEqual(chain);
  });
});

it('says why in one sentence', () => {
  const above = { ...root, service: 'web', operation: 'POST /order', ...failed };
  expect(originOf(above)!.reason).toBe('“POST /order” in web failed; no call it made explains it.');
  expect(originOf(above, { spanId: 'sql', service: 'db', operation: 'INSERT', parentId: 'root', from: 10, to: 99, ...failed, exceptionType: 'Deadlock', exceptionMessage: 'lock wait\n  at x' })!.reason).toBe(
    '“INSERT” in db failed with Deadlock: lock wait. One span above it failed because of it, up to “POST /order” in web.',
  );
  expect(originOf({ ...above, statusMessage: 'timed out' }, { spanId: 'slow', service: 'stock', operation: 'GET /stock', parentId: 'root', from: 10, to: 900 })!.reason).toBe(
    '“GET /stock” in stock was still running, after 90 ms, when “POST /order” in web gave up.',
  );
});
