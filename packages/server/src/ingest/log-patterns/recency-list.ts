/** A place in a `RecencyList`; an item that is in several lists has one of each. */
export interface RecencyLink<Item> {
  readonly item: Item;
  older: RecencyLink<Item> | undefined;
  newer: RecencyLink<Item> | undefined;
}

/** Items in the order of their last use. Every operation takes the same short time, however many there are. */
export class RecencyList<Item> {
  #oldest: RecencyLink<Item> | undefined;
  #newest: RecencyLink<Item> | undefined;

  /** What was not used for longest. */
  get oldest(): Item | undefined {
    return this.#oldest?.item;
  }

  /** Adds an item as the one that was used last. */
  add(item: Item): RecencyLink<Item> {
    const link: RecencyLink<Item> = { item, older: undefined, newer: undefined };
    this.#append(link);
    return link;
  }

  /** The item of this link is used now. */
  touch(link: RecencyLink<Item>): void {
    if (link === this.#newest) return;
    this.remove(link);
    this.#append(link);
  }

  remove(link: RecencyLink<Item>): void {
    const { older, newer } = link;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    link.older = link.newer = undefined;
  }

  #append(link: RecencyLink<Item>): void {
    const newest = this.#newest;
    link.older = newest;
    if (newest === undefined) this.#oldest = link;
    else newest.newer = link;
    this.#newest = link;
  }
}
