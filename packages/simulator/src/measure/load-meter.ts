import type { Operation, Store } from '../plan/system.ts';
import type { Instance } from '../run/instances.ts';

/** Upper bounds of `http.server.request.duration` in seconds, as the semantic conventions advise. */
export const DURATION_BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10] as const;

export interface DurationSeries {
  readonly operation: Operation;
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly buckets: number[];
  /** Seconds. */
  sum: number;
}

/** What one copy of a service did since it started; counters only grow. */
export interface InstanceLoad {
  startedUs: number;
  readonly durations: Map<string, DurationSeries>;
  /** Requests, and seconds in them, since metrics were last made. */
  recentRequests: number;
  recentSeconds: number;
  cpuSeconds: number;
  /** When metrics were last made. */
  cpuSecondsBefore: number;
  readonly pools: Map<Store, { seconds: number }>;
  restarts: number;
}

/** What a store did for all who ask it. */
export interface StoreLoad {
  queries: number;
  /** Seconds in queries since metrics were last made. */
  recentSeconds: number;
}

/** Counts what copies do, upscaled where only a part of the requests is simulated. */
export class LoadMeter {
  readonly #loads = new Map<Instance, InstanceLoad>();
  readonly #stores = new Map<Store, StoreLoad>();
  /** Messages waiting by `topic consumer`. */
  readonly #waiting = new Map<string, number>();
  /** What leaves a queue in a second to come. */
  readonly #leaving = new Map<number, { key: string; weight: number }[]>();
  nowUs = 0;

  of(instance: Instance): InstanceLoad {
    let load = this.#loads.get(instance);
    if (load === undefined) {
      load = { startedUs: this.nowUs, durations: new Map(), recentRequests: 0, recentSeconds: 0, cpuSeconds: 0, cpuSecondsBefore: 0, pools: new Map(), restarts: 0 };
      this.#loads.set(instance, load);
    }
    return load;
  }

  served(instance: Instance, operation: Operation, method: string, route: string, status: number, seconds: number, weight: number): void {
    const load = this.of(instance);
    load.recentRequests += weight;
    load.recentSeconds += seconds * weight;
    load.cpuSeconds += (operation.ms / 1000) * 0.6 * weight;
    const key = `${operation.name} ${status}`;
    let series = load.durations.get(key);
    if (series === undefined) {
      series = { operation, method, route, status, buckets: Array.from({ length: DURATION_BOUNDS.length + 1 }, () => 0), sum: 0 };
      load.durations.set(key, series);
    }
    let bucket = 0;
    while (bucket < DURATION_BOUNDS.length && seconds > DURATION_BOUNDS[bucket]!) bucket++;
    series.buckets[bucket]! += weight;
    series.sum += seconds * weight;
  }

  queried(instance: Instance, store: Store, seconds: number, weight: number): void {
    const { pools } = this.of(instance);
    const pool = pools.get(store);
    if (pool === undefined) pools.set(store, { seconds: seconds * weight });
    else pool.seconds += seconds * weight;
    const total = this.ofStore(store);
    total.queries += weight;
    total.recentSeconds += seconds * weight;
  }

  ofStore(store: Store): StoreLoad {
    let load = this.#stores.get(store);
    if (load === undefined) {
      load = { queries: 0, recentSeconds: 0 };
      this.#stores.set(store, load);
    }
    return load;
  }

  queued(topic: string, consumer: string, weight: number): void {
    const key = `${topic} ${consumer}`;
    this.#waiting.set(key, (this.#waiting.get(key) ?? 0) + weight);
  }

  taken(topic: string, consumer: string, weight: number, atUs: number): void {
    const second = Math.max(Math.floor(atUs / 1e6), Math.floor(this.nowUs / 1e6));
    const leaving = this.#leaving.get(second);
    const entry = { key: `${topic} ${consumer}`, weight };
    if (leaving === undefined) this.#leaving.set(second, [entry]);
    else leaving.push(entry);
  }

  /** One second is over. */
  tick(secondOfEpoch: number): void {
    this.nowUs = (secondOfEpoch + 1) * 1e6;
    for (const { key, weight } of this.#leaving.get(secondOfEpoch) ?? []) this.#waiting.set(key, (this.#waiting.get(key) ?? 0) - weight);
    this.#leaving.delete(secondOfEpoch);
  }

  waiting(topic: string, consumer: string): number {
    return Math.max(0, this.#waiting.get(`${topic} ${consumer}`) ?? 0);
  }

  /** A copy starts anew: its counters begin at zero. */
  restart(instance: Instance): void {
    const restarts = this.#loads.get(instance)?.restarts ?? 0;
    this.#loads.delete(instance);
    this.of(instance).restarts = restarts + 1;
  }
}
