import type { BatchSource, SourceStatus } from '@pitot/core';

/** More senders than this share the last slot, so that a label full of random values cannot grow this table. */
const MOST_SLOTS = 10_000;
const OTHERS = '(others)';
/** Rates are over the last minute, looked at every five seconds. */
export const SNAPSHOT_INTERVAL_MS = 5000;
const SNAPSHOTS = 12;

type FullStatus = Required<SourceStatus>;
type SignalName = 'samples' | 'logs' | 'spans';
type Snapshot = Readonly<Record<SignalName, Float64Array>> & { readonly atMs: number };

interface Slot {
  readonly receiver: string;
  readonly service: string;
  readonly key: number;
  readonly firstReceivedMs: number;
}

/** Who sends: one slot per receiver, API key and service. Counters by slot, so that counting a sample is one addition. */
export class SourceTable {
  /** Samples taken, by slot. */
  samples = new Float64Array(64);
  /** Log records and spans taken, by slot. */
  logs = new Float64Array(64);
  spans = new Float64Array(64);
  lastReceivedMs = new Float64Array(64);
  activeSeries = new Int32Array(64);
  /** Active series by API key; index 0 is for requests without one. */
  activeByKey = new Int32Array(16);
  readonly #slots: Slot[] = [];
  readonly #slotByName = new Map<string, number>();
  readonly #keyIndex = new Map<string, number>();
  readonly #snapshots: Snapshot[] = [];

  get size(): number {
    return this.#slots.length;
  }

  keyOf(source: BatchSource): number {
    if (source.keyId === undefined) return 0;
    const known = this.#keyIndex.get(source.keyId);
    if (known !== undefined) return known;
    const index = this.#keyIndex.size + 1;
    this.#keyIndex.set(source.keyId, index);
    if (index >= this.activeByKey.length) this.activeByKey = grown(this.activeByKey, Int32Array);
    return index;
  }

  slotOf(source: BatchSource, service: string, nowMs: number): number {
    const key = this.keyOf(source);
    const full = this.#slots.length >= MOST_SLOTS;
    const name = slotName(source.receiver, key, service);
    return (
      this.#slotByName.get(name) ??
      (full ? this.#sharedSlot(source.receiver, key, nowMs) : this.#addSlot(source.receiver, key, service, nowMs))
    );
  }

  /** Counts what a service sent. */
  count(signal: 'logs' | 'spans', source: BatchSource, service: string, count: number, nowMs: number): void {
    const slot = this.slotOf(source, service, nowMs);
    this[signal][slot]! += count;
    this.lastReceivedMs[slot] = nowMs;
  }

  keyOfSlot(slot: number): number {
    return this.#slots[slot]!.key;
  }

  /** Remembers the counters for the rates. */
  snapshot(nowMs: number): void {
    const size = this.#slots.length;
    this.#snapshots.push({ atMs: nowMs, samples: this.samples.slice(0, size), logs: this.logs.slice(0, size), spans: this.spans.slice(0, size) });
    if (this.#snapshots.length > SNAPSHOTS) this.#snapshots.shift();
  }

  /** One entry per receiver and service, newest first. */
  statuses(nowMs: number): SourceStatus[] {
    const merged = new Map<string, FullStatus>();
    this.#slots.forEach((slot, index) => {
      if (!(this.samples[index]! + this.logs[index]! + this.spans[index]! > 0)) return;
      const name = slotName(slot.receiver, 0, slot.service);
      merged.set(name, sum(merged.get(name), this.#status(slot, index, nowMs)));
    });
    return [...merged.values()].sort((a, b) => b.firstReceivedMs - a.firstReceivedMs);
  }

  #status(slot: Slot, index: number, nowMs: number): FullStatus {
    const oldest = this.#snapshots[0];
    const sinceMs = Math.max(oldest?.atMs ?? 0, slot.firstReceivedMs);
    const durationMs = Math.max(SNAPSHOT_INTERVAL_MS, nowMs - sinceMs);
    const rate = (signal: SignalName): number => ((this[signal][index]! - (oldest?.[signal][index] ?? 0)) * 1000) / durationMs;
    return {
      receiver: slot.receiver,
      service: slot.service,
      activeSeries: this.activeSeries[index]!,
      samplesTotal: this.samples[index]!,
      samplesPerSecond: rate('samples'),
      logsTotal: this.logs[index]!,
      logsPerSecond: rate('logs'),
      spansTotal: this.spans[index]!,
      spansPerSecond: rate('spans'),
      firstReceivedMs: slot.firstReceivedMs,
      lastReceivedMs: this.lastReceivedMs[index]!,
    };
  }

  #addSlot(receiver: string, key: number, service: string, nowMs: number): number {
    const index = this.#slots.length;
    this.#slots.push({ receiver, service, key, firstReceivedMs: nowMs });
    this.#slotByName.set(slotName(receiver, key, service), index);
    if (index >= this.samples.length) {
      this.samples = grown(this.samples, Float64Array);
      this.logs = grown(this.logs, Float64Array);
      this.spans = grown(this.spans, Float64Array);
      this.lastReceivedMs = grown(this.lastReceivedMs, Float64Array);
      this.activeSeries = grown(this.activeSeries, Int32Array);
    }
    return index;
  }

  #sharedSlot(receiver: string, key: number, nowMs: number): number {
    return this.#slotByName.get(slotName(receiver, key, OTHERS)) ?? this.#addSlot(receiver, key, OTHERS, nowMs);
  }
}

function slotName(receiver: string, key: number, service: string): string {
  return `${receiver}\n${key}\n${service}`;
}

function sum(a: FullStatus | undefined, b: FullStatus): FullStatus {
  if (a === undefined) return b;
  return {
    ...b,
    activeSeries: a.activeSeries + b.activeSeries,
    samplesTotal: a.samplesTotal + b.samplesTotal,
    samplesPerSecond: a.samplesPerSecond + b.samplesPerSecond,
    logsTotal: a.logsTotal + b.logsTotal,
    logsPerSecond: a.logsPerSecond + b.logsPerSecond,
    spansTotal: a.spansTotal + b.spansTotal,
    spansPerSecond: a.spansPerSecond + b.spansPerSecond,
    firstReceivedMs: Math.min(a.firstReceivedMs, b.firstReceivedMs),
    lastReceivedMs: Math.max(a.lastReceivedMs, b.lastReceivedMs),
  };
}

function grown<T extends Float64Array | Int32Array>(array: T, type: new (size: number) => T): T {
  const larger = new type(array.length * 2);
  larger.set(array);
  return larger;
}
