import type { QueryParameter } from '../clickhouse/clickhouse.ts';

/** Collects what stands for the placeholders of a statement; the same value twice is one parameter. */
export class SearchParameters {
  readonly values: Record<string, QueryParameter> = {};
  readonly #known = new Map<string, string>();
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The placeholder of a value. */
  add(value: QueryParameter, type: 'String' | 'Array(String)' | 'Float64' | 'UInt64' | 'UInt8'): string {
    const key = JSON.stringify([type, typeof value === 'bigint' ? value.toString() : value]);
    let name = this.#known.get(key);
    if (name === undefined) {
      name = `${this.#prefix}${this.#known.size}`;
      this.#known.set(key, name);
      this.values[name] = value;
    }
    return `{${name}:${type}}`;
  }
}
