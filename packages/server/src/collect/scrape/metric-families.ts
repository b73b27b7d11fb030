import type { MetricMetadata, MetricType } from '@pitot/core';
import { unescape, type Dialect } from './exposition-parser.ts';

interface Family {
  type: MetricType;
  help: string;
  unit: string;
}

const TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'gaugehistogram',
  summary: 'summary',
  info: 'info',
  stateset: 'stateset',
  unknown: 'unknown',
  untyped: 'unknown',
};
const COMMENT = /^#\s*(HELP|TYPE|UNIT)\s+("(?:[^"\\]|\\.)*"|\S+)[ \t]?(.*)$/s;

/** What a target says about its metrics in HELP, TYPE and UNIT comments; remembers what changed since it was last handed on. */
export class MetricFamilies {
  readonly #families = new Map<string, Family>();
  readonly #changed = new Set<string>();

  /** Takes one comment line; others than HELP, TYPE and UNIT are just comments. */
  read(comment: string, dialect: Dialect): void {
    const match = COMMENT.exec(comment);
    if (match === null) return;
    const [, keyword, written = '', rest = ''] = match;
    const name = written.startsWith('"') ? unescape(written.slice(1, -1)) : written;
    let family = this.#families.get(name);
    if (family === undefined) this.#families.set(name, (family = { type: 'unknown', help: '', unit: '' }));
    if (keyword === 'TYPE') family.type = TYPES[rest.trim()] ?? 'unknown';
    else if (keyword === 'UNIT') family.unit = rest.trim();
    else family.help = dialect === 'text' ? rest.replaceAll(/\\([\\n])/g, (_, code: string) => (code === 'n' ? '\n' : code)) : unescape(rest);
    this.#changed.add(name);
  }

  /** What changed since `handedOn`, with the names as queried: OpenMetrics' families leave suffixes out. */
  changed(dialect: Dialect): MetricMetadata[] {
    return [...this.#changed].map((name) => {
      const family = this.#families.get(name)!;
      return { metric: queriedName(name, family.type, dialect), ...family };
    });
  }

  handedOn(): void {
    this.#changed.clear();
  }
}

function queriedName(name: string, type: MetricType, dialect: Dialect): string {
  if (dialect !== 'openmetrics') return name;
  if (type === 'counter') return `${name}_total`;
  return type === 'info' ? `${name}_info` : name;
}
