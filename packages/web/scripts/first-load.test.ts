import { expect, it } from 'vitest';
import { firstLoadFiles } from './first-load.ts';

it('follows static imports from the entry, each once, and leaves lazy pages out', () => {
  const files = firstLoadFiles({
    'index.html': { file: 'assets/index.js', isEntry: true, imports: ['_a.js', '_b.js'] },
    '_a.js': { file: 'assets/a.js', imports: ['_b.js'] },
    '_b.js': { file: 'assets/b.js', imports: ['_a.js'] },
    'src/page.tsx': { file: 'assets/page.js', imports: ['_a.js'] },
  });
  expect(files.sort()).toEqual(['assets/a.js', 'assets/b.js', 'assets/index.js']);
});

it('fails rather than measure nothing', () => {
  expect(() => firstLoadFiles({})).toThrow('no entry');
});
