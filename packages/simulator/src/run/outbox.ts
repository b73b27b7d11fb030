import type { OtlpGroup, OtlpLogRecord, OtlpMetric, OtlpResource, OtlpSpan } from '@pitot/core/otlp-writer';
import type { Instance } from './instances.ts';

const SCOPE = { name: 'acme.instrumentation', version: '1.2.0' };

interface Second {
  readonly spans: Map<Instance, OtlpSpan[]>;
  readonly logs: Map<Instance, OtlpLogRecord[]>;
  readonly metrics: OtlpGroup<OtlpMetric>[];
}

/** Keeps what was recorded until the second in which a real exporter would have had it: a span is sent when it has ended. */
export class Outbox {
  readonly #seconds = new Map<number, Second>();

  addSpan(instance: Instance, span: OtlpSpan, endUs: number): void {
    append(this.#second(endUs).spans, instance, span);
  }

  addLog(instance: Instance, record: OtlpLogRecord, timeUs: number): void {
    append(this.#second(timeUs).logs, instance, record);
  }

  addMetrics(resource: OtlpResource, metrics: readonly OtlpMetric[], timeUs: number): void {
    this.#second(timeUs).metrics.push({ resource, scope: SCOPE, records: metrics });
  }

  /** Takes out the second that begins at `secondOfEpoch`. */
  take(secondOfEpoch: number): { spans: OtlpGroup<OtlpSpan>[]; logs: OtlpGroup<OtlpLogRecord>[]; metrics: OtlpGroup<OtlpMetric>[] } {
    const second = this.#seconds.get(secondOfEpoch);
    if (second === undefined) return { spans: [], logs: [], metrics: [] };
    this.#seconds.delete(secondOfEpoch);
    return { spans: groups(second.spans), logs: groups(second.logs), metrics: second.metrics };
  }

  #second(timeUs: number): Second {
    const key = Math.floor(timeUs / 1_000_000);
    let second = this.#seconds.get(key);
    if (second === undefined) {
      second = { spans: new Map(), logs: new Map(), metrics: [] };
      this.#seconds.set(key, second);
    }
    return second;
  }
}

function append<T>(to: Map<Instance, T[]>, instance: Instance, record: T): void {
  const records = to.get(instance);
  if (records === undefined) to.set(instance, [record]);
  else records.push(record);
}

function groups<T>(of: ReadonlyMap<Instance, readonly T[]>): OtlpGroup<T>[] {
  return Array.from(of, ([instance, records]) => ({ resource: instance.resource, scope: SCOPE, records }));
}
