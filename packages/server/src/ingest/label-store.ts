/** Positions are 32 bits: page number and offset within the page. */
const PAGE_BITS = 20;
const PAGE_BYTES = 1 << PAGE_BITS;
const MOST_PAGES = 1 << (32 - PAGE_BITS);

/**
 * The encoded labels of every series, side by side in pages of one mebibyte: no heap object per series, nothing for
 * the garbage collector to walk. Holds up to 4 GiB. A page is given back when everything in it was removed; `sparse`
 * pages are emptied by moving what is left (see SeriesRegistry).
 */
export class LabelStore {
  readonly #pages: (Buffer | undefined)[] = [];
  readonly #liveBytes: number[] = [];
  #current = -1;
  #end = PAGE_BYTES;

  get sizeBytes(): number {
    return this.#pages.reduce((sum, page) => sum + (page?.length ?? 0), 0);
  }

  /** Copies bytes[0, size) in and answers its position as an int32, or undefined where there is no room. */
  add(bytes: Buffer, size: number): number | undefined {
    if (size > PAGE_BYTES) return undefined;
    if (this.#end + size > PAGE_BYTES && !this.#openPage()) return undefined;
    const page = this.#current;
    const offset = this.#end;
    bytes.copy(this.#pages[page]!, offset, 0, size);
    this.#end += size;
    this.#liveBytes[page]! += size;
    return (page << PAGE_BITS) | offset;
  }

  page(position: number): Buffer {
    return this.#pages[position >>> PAGE_BITS]!;
  }

  equals(position: number, size: number, bytes: Buffer, otherSize: number): boolean {
    if (size !== otherSize) return false;
    const offset = offsetInPage(position);
    return this.page(position).compare(bytes, 0, otherSize, offset, offset + size) === 0;
  }

  remove(position: number, size: number): void {
    const page = position >>> PAGE_BITS;
    this.#liveBytes[page]! -= size;
    if (this.#liveBytes[page] === 0 && page !== this.#current) this.#pages[page] = undefined;
  }

  /** True for a page that is less than half used and not being filled. */
  isSparse(position: number): boolean {
    const page = position >>> PAGE_BITS;
    return page !== this.#current && this.#liveBytes[page]! < PAGE_BYTES / 2;
  }

  /** Answers the new position; the old one where there is no room to move to. */
  move(position: number, size: number): number {
    const offset = offsetInPage(position);
    const moved = this.add(this.page(position).subarray(offset, offset + size), size);
    if (moved === undefined) return position;
    this.remove(position, size);
    return moved;
  }

  #openPage(): boolean {
    let page = this.#pages.indexOf(undefined);
    if (page < 0) page = this.#pages.length;
    if (page >= MOST_PAGES) return false;
    const previous = this.#current;
    this.#pages[page] = Buffer.allocUnsafeSlow(PAGE_BYTES);
    this.#liveBytes[page] = 0;
    this.#current = page;
    this.#end = 0;
    if (previous >= 0 && this.#liveBytes[previous] === 0) this.#pages[previous] = undefined;
    return true;
  }
}

export function offsetInPage(position: number): number {
  return position & (PAGE_BYTES - 1);
}
