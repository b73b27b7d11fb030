import { describe, expect, it } from 'vitest';
import { call, counts, END_MS, NO_EVIDENCE, service } from './fixtures/evidence.ts';
import { mapAnswer } from './map-answer.ts';
import { buildMap } from './map-builder.ts';
import { exportMap } from './map-export.ts';

const NASTY = `a"b\\"<c>&'d;]--> x\n]]> \u0000\u{D800} #quot; %%{init}`;
const map = buildMap({
  ...NO_EVIDENCE,
  services: [service('web', counts(1000, 80), { version: '"1"&' }), service(NASTY)],
  calls: [call('web', 'cart', counts(500, 25)), call('cart', 'queue:orders/kafka'), { ...call('web', 'x'), target: { type: 'service', name: NASTY, system: '' }, protocol: NASTY }],
});
const answer = mapAnswer(map, { lengthMs: 1000, latestMs: END_MS }, (id) => ({ now: map.nodes.get(id)!.received, before: id === 'service:web' ? counts(1000, 1) : null }));

/** Names and attributes of every element; throws where the text is not well-formed XML. */
function parseXml(text: string): { tag: string; attributes: Record<string, string>; text: string }[] {
  const found: { tag: string; attributes: Record<string, string>; text: string }[] = [];
  const open: string[] = [];
  const decode = (raw: string) => {
    if (/[<\p{Cs}\uFFFE\uFFFF]/u.test(raw) || /\p{Cc}/u.test(raw.replaceAll(/[\t\n\r]/g, '')) || raw.includes(']]>')) throw new Error(`not XML text: ${raw}`);
    return raw.replaceAll(/&([^;]*);?/g, (whole, name: string) => {
      const character = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }[name];
      if (character === undefined || !whole.endsWith(';')) throw new Error(`no entity: ${whole}`);
      return character;
    });
  };
  let rest = text.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '');
  while (rest.trim() !== '') {
    const [whole, before = '', slash, tag = '', raw = ''] = /^([^<]*)<(\/?)([\w.]+)((?:\s+[\w.:]+="[^"<]*")*)\s*\/?>/.exec(rest) ?? [];
    if (whole === undefined) throw new Error(`not well-formed at ${rest.slice(0, 80)}`);
    if (found.length > 0 && before.trim() !== '') found.at(-1)!.text += decode(before);
    if (slash === '/') {
      if (open.pop() !== tag) throw new Error(`</${tag}> closes nothing`);
    } else {
      const attributes = Object.fromEntries([...raw.matchAll(/([\w.:]+)="([^"]*)"/g)].map(([, name, value]) => [name!, decode(value!)]));
      found.push({ tag, attributes, text: '' });
      if (!whole.endsWith('/>')) open.push(tag);
    }
    rest = rest.slice(whole.length);
  }
  if (open.length > 0) throw new Error(`${open.join(', ')} not closed`);
  return found;
}

describe('a map to take along', () => {
  it('is well-formed GraphML with every node, edge and number', () => {
    const elements = parseXml(exportMap(answer, 'graphml'));
    expect(elements[0]).toMatchObject({ tag: 'graphml', attributes: { xmlns: 'http://graphml.graphdrawing.org/xmlns' } });
    const nodes = elements.filter(({ tag }) => tag === 'node').map(({ attributes }) => attributes['id']);
    expect(nodes).toHaveLength(4);
    for (const { attributes } of elements.filter(({ tag }) => tag === 'edge')) expect(nodes).toEqual(expect.arrayContaining([attributes['source'], attributes['target']]));
    const keys = new Set(elements.filter(({ tag }) => tag === 'key').map(({ attributes }) => attributes['id']));
    for (const { attributes } of elements.filter(({ tag }) => tag === 'data')) expect(keys.has(attributes['key'])).toBe(true);
    expect(elements.filter(({ tag, attributes, text }) => tag === 'data' && attributes['key'] === 'health' && text === 'critical')).toHaveLength(1);
    expect(() => parseXml('<a b="<"></a>')).toThrow('not well-formed');
  });

  it('is DOT whose every text is quoted', () => {
    const lines = exportMap(answer, 'dot').trimEnd().split('\n');
    const quoted = String.raw`"(?:[^"\\]|\\.)*"`;
    const list = String.raw`\[(?:\w+=(?:\w+|${quoted})(?:, )?)+\]`;
    expect(lines[0]).toBe('digraph services {');
    for (const line of lines.slice(3, -1)) expect(line).toMatch(new RegExp(`^  ${quoted}(?: -> ${quoted})? ${list};$`));
    expect(lines.slice(3, -1)).toHaveLength(answer.nodes.length + answer.edges.length);
    expect(lines.join('\n')).toContain('"service:web" [label="web (critical)", shape=box');
  });

  it('is Mermaid whose every label is quoted and escaped', () => {
    const lines = exportMap(answer, 'mermaid').trimEnd().split('\n');
    expect(lines[0]).toBe('flowchart LR');
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {2}(?:n\d+(?:\[\(|\(\[|\{\{|\[\/|\[|>)"[^"<>&\\]*"(?:\)\]|\]\)|\}\}|\/\]|\]):::\w+|n\d+ (?:-->|-\.->)(?:\|"[^"<>&\\]*"\|)? n\d+|classDef \w+ [\w:#,]+)$/);
    expect(lines).toContainEqual(expect.stringMatching(/^ {2}n\d+\["web \(critical\)"\]:::critical$/));
  });
});

it('says in words how the map is', () => {
  expect(answer.sentence).toBe('4 nodes and 3 edges; critical: web; to be watched: cart.');
});
