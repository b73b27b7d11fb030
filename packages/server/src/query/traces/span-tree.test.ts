import { describe, expect, it } from 'vitest';
import { findCriticalPath, selfTimeUs } from './critical-path.ts';
import { findErrorOrigin } from './error-origin.ts';
import { madeSpan, randomTrace, type MadeSpan } from './fixtures/made-spans.ts';
import { buildSpanTree } from './span-tree.ts';

const tree = (...spans: MadeSpan[]) => buildSpanTree(spans.map(madeSpan));
const shown = (...spans: MadeSpan[]) => tree(...spans).nodes.map(({ span, depth }) => `${'.'.repeat(depth)}${span.spanId}`);

describe('the order of a waterfall', () => {
  it('has parents before children and siblings by start, however they come', () => {
    expect(
      shown(
        { spanId: 'd', parentId: 'b', from: 12, to: 14 },
        { spanId: 'c', parentId: 'a', from: 30, to: 40 },
        { spanId: 'a', from: 0, to: 50 },
        { spanId: 'b', parentId: 'a', from: 10, to: 20 },
      ),
    ).toEqual(['a', '.b', '..d', '.c']);
  });

  it('puts an orphan under the root where the root was running, else by itself', () => {
    const found = tree({ spanId: 'a', from: 0, to: 50 }, { spanId: 'lost', parentId: 'x', from: 5, to: 9 }, { spanId: 'late', parentId: 'x', from: 60, to: 70 });
    expect(found.nodes.map(({ span, depth, isParentReal }) => [span.spanId, depth, isParentReal])).toEqual([['a', 0, true], ['lost', 1, false], ['late', 0, true]]);
    expect(found.missingParents).toBe(2);
  });

  it('takes the first span for the root where the root has not come', () => {
    const found = tree({ spanId: 'b', parentId: 'gone', from: 10, to: 20 }, { spanId: 'a', parentId: 'gone', from: 0, to: 5 });
    expect(found.root?.span.spanId).toBe('a');
    expect(found.hasRoot).toBe(false);
  });

  it('cuts circles at their first span, and a span off itself', () => {
    const found = tree({ spanId: 'a', parentId: 'c', from: 0, to: 9 }, { spanId: 'b', parentId: 'a', from: 1, to: 8 }, { spanId: 'c', parentId: 'b', from: 2, to: 7 }, { spanId: 'd', parentId: 'd', from: 20, to: 30 });
    expect(found.nodes.map(({ span, depth }) => [span.spanId, depth])).toEqual([['a', 0], ['b', 1], ['c', 2], ['d', 0]]);
    expect(found.cycles).toBe(2);
  });

  it('keeps one of spans with the same id', () => {
    const found = tree({ spanId: 'a', from: 0, to: 9 }, { spanId: 'a', from: 0, to: 9 }, { spanId: 'b', parentId: 'a', from: 1, to: 2 });
    expect(found.nodes).toHaveLength(2);
    expect(found.duplicates).toBe(1);
  });

  it('has nothing to show of nothing', () => {
    expect(buildSpanTree([])).toMatchObject({ nodes: [], root: undefined, hasRoot: false });
  });
});

describe('clocks that contradict each other', () => {
  const client = { spanId: 'client', service: 'web', kind: 'client', instance: 'w', from: 0, to: 100 } as const;

  it('moves an answer that starts before its question into the middle of it, with all of its instance', () => {
    const found = tree(
      client,
      { spanId: 'server', parentId: 'client', service: 'api', kind: 'server', instance: 'a', from: -500, to: -440 },
      { spanId: 'work', parentId: 'server', service: 'api', instance: 'a', from: -490, to: -450 },
    );
    expect(found.nodes.map(({ span, startUs, skewUs }) => [span.spanId, startUs, skewUs])).toEqual([['client', 0, 0], ['server', 20_000, 520_000], ['work', 30_000, 520_000]]);
  });

  it('moves one that ends after its question was answered', () => {
    const found = tree(client, { spanId: 'server', parentId: 'client', service: 'api', kind: 'server', instance: 'a', from: 50, to: 130 });
    expect(found.nodes[1]).toMatchObject({ startUs: 10_000, skewUs: -40_000 });
  });

  it('agrees with all the calls to an instance', () => {
    const found = tree(
      { spanId: 'root', service: 'web', instance: 'w', from: 0, to: 300 },
      { ...client, parentId: 'root' },
      { spanId: 's1', parentId: 'client', service: 'api', kind: 'server', instance: 'a', from: -20, to: 60 },
      { ...client, spanId: 'client2', parentId: 'root', from: 200, to: 210 },
      { spanId: 's2', parentId: 'client2', service: 'api', kind: 'server', instance: 'a', from: 178, to: 186 },
    );
    const skews = found.nodes.filter(({ span }) => span.service === 'api').map(({ skewUs }) => skewUs);
    expect(skews).toEqual([23_000, 23_000]);
  });

  it.each([
    ['a message that is worked on later', { spanId: 'x', parentId: 'client', service: 'api', kind: 'consumer', instance: 'a', from: -50, to: 400 }],
    ['the same instance', { spanId: 'x', parentId: 'client', service: 'web', kind: 'internal', instance: 'w', from: -50, to: 400 }],
    ['one that outlives a caller that did not wait', { spanId: 'x', parentId: 'client', service: 'api', kind: 'server', instance: 'a', from: 10, to: 400 }],
  ] as const)('leaves %s alone', (_, span) => {
    expect(tree(client, span).nodes.find((node) => node.span.spanId === 'x')!.skewUs).toBe(0);
  });

  it('leaves one alone whose caller gave up', () => {
    const found = tree({ ...client, status: 'error' }, { spanId: 'x', parentId: 'client', service: 'api', kind: 'server', instance: 'a', from: 50, to: 130 });
    expect(found.nodes[1]!.skewUs).toBe(0);
  });

  it('does not take two processes without a name for one', () => {
    const found = tree(
      { spanId: 'root', service: 'web', instance: 'w', from: 0, to: 300 },
      { ...client, parentId: 'root' },
      { spanId: 's1', parentId: 'client', service: 'api', kind: 'server', instance: '', from: -500, to: -450 },
      { ...client, spanId: 'client2', parentId: 'root', from: 200, to: 280 },
      { spanId: 's2', parentId: 'client2', service: 'api', kind: 'server', instance: '', from: 210, to: 270 },
    );
    expect(found.nodes.find(({ span }) => span.spanId === 's2')!.skewUs).toBe(0);
  });
});

describe('the critical path', () => {
  const path = (...spans: MadeSpan[]) => findCriticalPath(tree(...spans).root!).map(({ node, startUs, endUs }) => `${node.span.spanId} ${startUs / 1000}–${endUs / 1000}`);
  const root = { spanId: 'root', from: 0, to: 100 };

  it('goes through calls one after the other', () => {
    expect(path(root, { spanId: 'a', parentId: 'root', from: 10, to: 40 }, { spanId: 'b', parentId: 'root', from: 50, to: 90 })).toEqual(['root 0–10', 'a 10–40', 'root 40–50', 'b 50–90', 'root 90–100']);
  });

  it('follows the last to finish of calls side by side', () => {
    expect(path(root, { spanId: 'a', parentId: 'root', from: 10, to: 60 }, { spanId: 'b', parentId: 'root', from: 10, to: 90 })).toEqual(['root 0–10', 'b 10–90', 'root 90–100']);
  });

  it('goes down', () => {
    expect(path(root, { spanId: 'a', parentId: 'root', from: 10, to: 90 }, { spanId: 'b', parentId: 'a', from: 20, to: 80 })).toEqual(['root 0–10', 'a 10–20', 'b 20–80', 'a 80–90', 'root 90–100']);
  });

  it('does not wait for messages, and cuts what outlives its parent', () => {
    expect(path(root, { spanId: 'job', kind: 'consumer', parentId: 'root', from: 10, to: 99 })).toEqual(['root 0–100']);
    expect(path(root, { spanId: 'slow', parentId: 'root', from: 30, to: 500 })).toEqual(['root 0–30', 'slow 30–100']);
  });
});

/** What does not hold of a random trace, and how many pieces its critical path has. */
function check(seed: number): { wrong: string[]; pieces: number } {
  const spans = randomTrace(seed);
  const { nodes, root } = buildSpanTree(spans);
  const places = new Map(nodes.map((node, i) => [node, i]));
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const pieces = root === undefined ? [] : findCriticalPath(root);
  const origin = findErrorOrigin(nodes, root);
  const holds: Record<string, boolean> = {
    'every span once': nodes.length === ids.size && nodes.every(({ span }) => ids.delete(span.spanId)),
    'parents before children, one step up': nodes.every((node, i) => (node.parent === undefined ? node.depth === 0 : places.get(node.parent)! < i && node.depth === node.parent.depth + 1)),
    'the same in any order': buildSpanTree(spans.toReversed()).nodes.every(({ span }, i) => span.spanId === nodes[i]!.span.spanId),
    'self time within the span': nodes.every((node) => selfTimeUs(node) >= 0 && selfTimeUs(node) <= node.endUs - node.startUs + 1e-6),
    'a gapless path': pieces.every(({ startUs, endUs }, i) => endUs > startUs && startUs === (i === 0 ? root!.startUs : pieces[i - 1]!.endUs)),
    'a path to the end': root === undefined || root.startUs === root.endUs || pieces.at(-1)!.endUs === root.endUs,
    'pieces inside their spans': pieces.every(({ node, startUs, endUs }) => startUs >= node.startUs && endUs <= node.endUs),
    'a chain of parents': origin === undefined || (origin.chain[0] === origin.node && origin.chain.every((node, i) => i === 0 || origin.chain[i - 1]!.parent === node)),
  };
  return { wrong: Object.keys(holds).filter((name) => !holds[name]).map((name) => `seed ${seed}: ${name}`), pieces: pieces.length };
}

it('holds for every shape: each span once, in order, a gapless path inside the root, no time twice', () => {
  const checked = Array.from({ length: 1500 }, (_, seed) => check(seed));
  expect(checked.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(checked.reduce((sum, { pieces }) => sum + pieces, 0)).toBeGreaterThan(2000);
});

it('takes 30,000 spans in one chain, and beside each other', () => {
  const chain = Array.from({ length: 30_000 }, (_, i) => madeSpan({ spanId: `${i}`, parentId: i === 0 ? '' : `${i - 1}`, from: i, to: 60_000 - i, status: 'error' }));
  const deep = buildSpanTree(chain);
  expect(deep.nodes.at(-1)!.depth).toBe(29_999);
  expect(findCriticalPath(deep.root!)).toHaveLength(59_999);
  expect(findErrorOrigin(deep.nodes, deep.root)!.chain).toHaveLength(30_000);
  const flat = buildSpanTree(Array.from({ length: 30_000 }, (_, i) => madeSpan({ spanId: `${i}`, parentId: i === 0 ? '' : '0', from: i, to: i === 0 ? 60_000 : i + 1 })));
  expect(findCriticalPath(flat.root!)).toHaveLength(30_001);
});
