import type { Cluster, Seat } from './cluster-tree.ts';

/** A power of two. */
const PLACES = 65_536;

/**
 * Lines that were seen, by their key, with the template that each belongs to: one place per key, so that its size is fixed and what is remembered last stays. A
 * line that lost its place is looked for again, which finds the same.
 */
export class SeenLines {
  readonly #keys = new Float64Array(PLACES);
  readonly #seats: (Seat | undefined)[] = Array.from({ length: PLACES }, () => undefined);

  get(key: number): Cluster | undefined {
    const place = key & (PLACES - 1);
    if (this.#keys[place] !== key) return undefined;
    return this.#seats[place]?.cluster;
  }

  set(key: number, cluster: Cluster): void {
    const place = key & (PLACES - 1);
    this.#keys[place] = key;
    this.#seats[place] = cluster.seat;
  }
}
