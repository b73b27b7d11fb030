import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contrastOf } from './fixtures/contrast.ts';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

function tokens(scheme: 'light' | 'dark'): Record<string, string> {
  const block = new RegExp(`data-mantine-color-scheme='${scheme}'\\] \\{([^}]*)\\}`).exec(css)?.[1] ?? '';
  return Object.fromEntries([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map((match) => [match[1]!, match[2]!]));
}

describe.each(['light', 'dark'] as const)('the %s tokens', (scheme) => {
  const known = tokens(scheme);
  it.each(['bg', 'surface', 'raised', 'hover'])('keep text at 4.5:1 on %s', (background) => {
    for (const text of ['text', 'text-dim', 'accent', 'ok', 'warn', 'bad']) {
      expect(contrastOf(known[text]!, known[background]!), `${text} on ${background}`).toBeGreaterThanOrEqual(4.5);
    }
  });
  it.each(['accent', 'ok', 'warn', 'bad', 'info'])('keep %s at 4.5:1 on its soft background', (tone) => {
    expect(contrastOf(known[tone]!, known[`${tone}-soft`]!)).toBeGreaterThanOrEqual(4.5);
  });
  it('keep the words on a filled button at 4.5:1', () => {
    expect(contrastOf(known['on-accent']!, known['accent']!)).toBeGreaterThanOrEqual(4.5);
  });
});
