import type { ServiceHealth, TopologyAnswer, TopologyEdge, TopologyNode } from '@pitot/core';
import { percent } from './wording.ts';

/** Forms in which a map can be taken along, besides JSON. */
export const EXPORT_FORMATS = ['mermaid', 'dot', 'graphml'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

type Map = Pick<TopologyAnswer, 'nodes' | 'edges'>;

/** The map as a text of the format. */
export function exportMap(map: Map, format: ExportFormat): string {
  return { mermaid, dot, graphml }[format](map);
}

/** Colours are never alone: health stands in the label too. */
const MARKS: Readonly<Record<ServiceHealth, string>> = { healthy: '', warning: ' (warning)', critical: ' (critical)', unknown: '' };
const COLOURS: Readonly<Record<ServiceHealth, string>> = { healthy: '#d3f9d8', warning: '#fff3bf', critical: '#ffc9c9', unknown: '#f1f3f5' };

function nodeLabel({ name, health, type, system }: TopologyNode): string {
  const what = system || (type === 'service' ? '' : type);
  return `${plain(name)}${what === '' ? '' : ` [${plain(what)}]`}${MARKS[health]}`;
}

function edgeLabel({ protocol, red }: TopologyEdge): string {
  const rate = red === null ? '' : `${Number(red.calls_per_second.toPrecision(2))}/s${red.error_ratio > 0 ? `, ${percent(red.error_ratio)} errors` : ''}`;
  return [plain(protocol), rate].filter((part) => part !== '').join(' ');
}

/** Control characters have no place in any of the formats, and some of them are not XML. */
function plain(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\uFFFE\uFFFF]/gu, ' ').toWellFormed();
}

function numbered({ nodes }: Map): ReadonlyMap<string, string> {
  return new Map(nodes.map(({ id }, i) => [id, `n${i}`]));
}

const MERMAID_SHAPES: Readonly<Record<TopologyNode['type'], readonly [string, string]>> = {
  service: ['[', ']'],
  database: ['[(', ')]'],
  cache: ['[(', ')]'],
  queue: ['>', ']'],
  external: ['([', '])'],
  function: ['{{', '}}'],
  process: ['[/', '/]'],
};

function mermaid(map: Map): string {
  const ids = numbered(map);
  const nodes = map.nodes.map((node) => {
    const [open, close] = MERMAID_SHAPES[node.type];
    return `  ${ids.get(node.id)}${open}"${mermaidText(nodeLabel(node))}"${close}:::${node.health}`;
  });
  const edges = map.edges.map((edge) => {
    const label = mermaidText(edgeLabel(edge));
    const arrow = edge.kind === 'request' ? '-->' : '-.->';
    return `  ${ids.get(edge.source)} ${arrow}${label === '' ? '' : `|"${label}"|`} ${ids.get(edge.target)}`;
  });
  const classes = Object.entries(COLOURS).map(([health, colour]) => `  classDef ${health} fill:${colour},stroke:#495057,color:#212529`);
  return ['flowchart LR', ...nodes, ...edges, ...classes, ''].join('\n');
}

/** Within quotes, Mermaid reads entities written with # and ends them with ; and takes HTML for HTML. */
function mermaidText(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} ._/:@*%,()[\]-]/gu, (character) => `#${character.codePointAt(0)};`);
}

const DOT_SHAPES: Readonly<Record<TopologyNode['type'], string>> = {
  service: 'box',
  database: 'cylinder',
  cache: 'cylinder',
  queue: 'cds',
  external: 'ellipse',
  function: 'hexagon',
  process: 'parallelogram',
};

function dot(map: Map): string {
  const nodes = map.nodes.map((node) => `  ${dotText(node.id)} [label=${dotText(nodeLabel(node))}, shape=${DOT_SHAPES[node.type]}, style=filled, fillcolor="${COLOURS[node.health]}", tooltip=${dotText(plain(node.reason))}];`);
  const edges = map.edges.map((edge) => `  ${dotText(edge.source)} -> ${dotText(edge.target)} [label=${dotText(edgeLabel(edge))}${edge.kind === 'request' ? '' : ', style=dashed'}];`);
  return ['digraph services {', '  rankdir=LR;', '  node [fontname="sans-serif"];', ...nodes, ...edges, '}', ''].join('\n');
}

/** A backslash starts an escape in labels, so it is doubled; a quote ends the text. */
function dotText(text: string): string {
  return `"${plain(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}

/** Attributes of GraphML: key, what it belongs to, type. */
const GRAPHML_KEYS = [
  ['type', 'node', 'string'],
  ['name', 'node', 'string'],
  ['group', 'node', 'string'],
  ['system', 'node', 'string'],
  ['versions', 'node', 'string'],
  ['health', 'node', 'string'],
  ['reason', 'node', 'string'],
  ['protocol', 'edge', 'string'],
  ['kind', 'edge', 'string'],
  ['confidence', 'edge', 'double'],
  ['evidence', 'edge', 'string'],
  ['retries', 'edge', 'double'],
  ['calls_per_second', 'all', 'double'],
  ['error_ratio', 'all', 'double'],
  ['p95_ms', 'all', 'double'],
  ['first_seen', 'all', 'string'],
  ['last_seen', 'all', 'string'],
] as const;

function graphml(map: Map): string {
  const keys = GRAPHML_KEYS.map(([name, of, type]) => `  <key id="${name}" for="${of}" attr.name="${name}" attr.type="${type}"/>`);
  const nodes = map.nodes.map((node) => element('node', { id: node.id }, { ...redData(node.red), ...node, versions: node.versions.join(' ') }));
  const edges = map.edges.map((edge) =>
    element('edge', { id: edge.id, source: edge.source, target: edge.target }, { ...redData(edge.red), ...edge, evidence: [...new Set(edge.evidence.map(({ source }) => source))].join(' ') }),
  );
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">', ...keys, '  <graph id="services" edgedefault="directed">', ...nodes, ...edges, '  </graph>', '</graphml>', ''].join('\n');
}

function redData(red: TopologyNode['red']): Record<string, unknown> {
  return red === null ? {} : { calls_per_second: red.calls_per_second, error_ratio: red.error_ratio, p95_ms: red.p95_ms };
}

function element(tag: 'node' | 'edge', attributes: Readonly<Record<string, string>>, data: Readonly<Record<string, unknown>>): string {
  const head = Object.entries(attributes).map(([name, value]) => ` ${name}="${xml(value)}"`).join('');
  const body = GRAPHML_KEYS.filter(([name, of]) => (of === tag || of === 'all') && (typeof data[name] === 'string' || typeof data[name] === 'number')).map(([name]) => `<data key="${name}">${xml(String(data[name]))}</data>`);
  return `    <${tag}${head}>${body.join('')}</${tag}>`;
}

function xml(text: string): string {
  return plain(text).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
