import type { MetricMetadata } from '@pitot/core';
import type { OtlpAttributes, OtlpGroup, OtlpMetric, OtlpPoint } from '@pitot/core/otlp-writer';
import type { SampleWriter } from '../host/host.ts';

/** A metric as OTLP has it: its name in dots, its unit in UCUM. */
interface Described {
  readonly name: string;
  readonly unit: string;
  readonly type: 'gauge' | 'sum';
  readonly description: string;
}

const UCUM: Readonly<Record<string, string>> = { seconds: 's', bytes: 'By', ratio: '1', '': '' };
/** Words that the semantic conventions write with an underscore. */
const JOINED = ['logical_number', 'logical_count', 'load_average_1m', 'load_average_5m', 'load_average_15m', 'stall_type'];

/** The Prometheus form of a name (`system_cpu_time_seconds_total`) back to OpenTelemetry's (`system.cpu.time`). */
export function dotted(name: string): string {
  let text = name;
  for (const word of JOINED) text = text.replace(word, word.replaceAll('_', '\u0001'));
  return text.replaceAll('_', '.').replaceAll('\u0001', '_');
}

function describe({ metric, type, unit, help }: MetricMetadata): Described {
  let name = type === 'counter' ? metric.replace(/_total$/, '') : metric;
  if (unit !== '') name = name.replace(new RegExp(`_${unit}$`), '');
  return { name: dotted(name), unit: UCUM[unit] ?? unit, type: type === 'counter' ? 'sum' : 'gauge', description: help };
}

/** Collects one round's samples and makes an OTLP request of them. */
export class MetricRound implements SampleWriter {
  readonly #described: ReadonlyMap<string, Described>;
  readonly #names = new Map<string, string>();
  #points = new Map<string, OtlpPoint[]>();
  #timeUnixNano = 0n;

  constructor(metadata: readonly MetricMetadata[]) {
    this.#described = new Map(metadata.map((one) => [one.metric, describe(one)]));
  }

  begin(timeMs: number): void {
    this.#timeUnixNano = BigInt(timeMs) * 1_000_000n;
    this.#points = new Map();
  }

  add(name: string, value: number, ...pairs: readonly string[]): void {
    if (!Number.isFinite(value)) return;
    const attributes: Record<string, string> = {};
    for (let i = 0; i < pairs.length; i += 2) attributes[this.#attributeName(pairs[i]!)] = pairs[i + 1]!;
    const point = { attributes, timeUnixNano: this.#timeUnixNano, value };
    const points = this.#points.get(name);
    if (points === undefined) this.#points.set(name, [point]);
    else points.push(point);
  }

  /** The round as one group; its points carry `common` besides their own attributes. */
  finish(resource: OtlpAttributes, common: OtlpAttributes): OtlpGroup<OtlpMetric> {
    const records = [...this.#points].map(([metric, points]): OtlpMetric => {
      const known = this.#described.get(metric) ?? { name: metric, unit: '', type: 'gauge', description: '' };
      return { ...known, points: points.map((point) => ({ ...point, attributes: { ...common, ...point.attributes } })) };
    });
    return { resource: { attributes: resource }, scope: { name: 'pitot.agent' }, records };
  }

  #attributeName(label: string): string {
    let name = this.#names.get(label);
    if (name === undefined) this.#names.set(label, (name = dotted(label)));
    return name;
  }
}
