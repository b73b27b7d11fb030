import { fits } from './token-shape.ts';
import type { TokenLine } from './tokenizer.ts';

/** Lines of one service that share a template. */
export interface Cluster {
  readonly id: bigint;
  readonly service: string;
  template: string;
  readonly tokens: Int32Array;
  readonly severityNumber: number;
  readonly sample: string;
  readonly firstSeenMs: number;
  updatedMs: number;
  /** Grows with use; the smallest goes first. */
  lastUse: number;
  isGone: boolean;
}

/** Groups of one length by first word; above this, further first words share one group: they are names rather than words. */
const MOST_FIRST_WORDS = 64;
/** Lines that differ in one and the same word only, before that word is taken for a value. */
const VARIANTS = 6;
const MOST_EXACT = 4_096;
/** New templates of one service in a second. A service that writes more has no templates, and looking for them would hold up the others. */
const NEW_PER_SECOND = 500;

/** What a search in a tree found; `positions` are the tokens in which the cluster must become more general. */
export interface Join {
  readonly cluster: Cluster;
  /** Clusters that a more general one replaces. */
  readonly replaces: readonly Cluster[];
}

/**
 * The clusters of one service, by number of tokens and first word, as Drain has them (He and others, "Drain: an online log parsing approach with fixed depth tree", 2017), with
 * two differences: values are typed before lines are compared, and words that stay different in one place over several clusters make a value of that place.
 */
export class ClusterTree {
  size = 0;
  readonly #groups = new Map<number, Cluster[]>();
  readonly #firstWords = new Map<number, number>();
  readonly #exact = new Map<number, Cluster>();
  readonly #similarity: number;
  #newCount = 0;
  #newSinceMs = 0;

  constructor(similarity: number) {
    this.#similarity = similarity;
  }

  *clusters(): Generator<Cluster> {
    for (const group of this.#groups.values()) yield* group;
  }

  /** Whether the service made so many templates in this second that further lines get none. */
  isFlooded(nowMs: number): boolean {
    if (this.#newCount < NEW_PER_SECOND) return false;
    if (nowMs - this.#newSinceMs < 1000 && nowMs >= this.#newSinceMs) return true;
    this.#newSinceMs = nowMs;
    this.#newCount = 0;
    return false;
  }

  /** The cluster of a line that was seen before as it is, without looking at others. */
  seen(key: number): Cluster | undefined {
    const cluster = this.#exact.get(key);
    return cluster === undefined || cluster.isGone ? undefined : cluster;
  }

  remember(key: number, cluster: Cluster): void {
    if (this.#exact.size >= MOST_EXACT) this.#exact.clear();
    this.#exact.set(key, cluster);
  }

  /** The cluster that a line is like, and those that it makes superfluous; nothing is changed. */
  find(line: TokenLine): Join | undefined {
    const group = this.#groups.get(groupKey(line)) ?? this.#groups.get(line.count);
    if (group === undefined) return undefined;
    let best: Cluster | undefined;
    let bestLikeness = this.#similarity;
    const mostUnlike = (1 - this.#similarity) * 2 * line.count;
    for (const cluster of group) {
      const likeness = likenessOf(cluster.tokens, line, mostUnlike);
      if (likeness < bestLikeness || (likeness === bestLikeness && best !== undefined)) continue;
      best = cluster;
      bestLikeness = likeness;
      if (likeness === 1) break;
    }
    return best === undefined ? variantsOf(group, line) : { cluster: best, replaces: [] };
  }

  add(cluster: Cluster, line: TokenLine): void {
    const key = this.#keyFor(line);
    const group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, [cluster]);
    else group.push(cluster);
    this.size++;
    this.#newCount++;
  }

  remove(gone: readonly Cluster[]): void {
    for (const cluster of gone) cluster.isGone = true;
    for (const [key, group] of this.#groups) {
      const left = group.filter((cluster) => !cluster.isGone);
      this.size -= group.length - left.length;
      if (left.length > 0) this.#groups.set(key, left);
      else {
        this.#groups.delete(key);
        const length = key % LENGTHS;
        if (key !== length) this.#firstWords.set(length, (this.#firstWords.get(length) ?? 1) - 1);
      }
    }
  }

  #keyFor(line: TokenLine): number {
    const key = groupKey(line);
    if (this.#groups.has(key)) return key;
    const words = this.#firstWords.get(line.count) ?? 0;
    if (words >= MOST_FIRST_WORDS) return line.count;
    this.#firstWords.set(line.count, words + 1);
    return key;
  }
}

/** More than a line has tokens. */
const LENGTHS = 256;

/** Length and first word; a length alone is the group that further first words share. */
function groupKey(line: TokenLine): number {
  for (let i = 0; i < line.count; i++) {
    const token = line.tokens[i]!;
    if (token < 0) return (token & 0x7fffffff) * LENGTHS + line.count;
  }
  return line.count;
}

/**
 * Share of a line that agrees with a template: words count twice as much as values, since words are what a programmer wrote. What the template leaves open
 * agrees a little less than a value of its type. 0 as soon as more than `mostUnlike` of the weight disagrees.
 */
function likenessOf(tokens: Int32Array, line: TokenLine, mostUnlike: number): number {
  let agreed = 0;
  let all = 0;
  for (let i = 0; i < tokens.length; i++) {
    const wanted = tokens[i]!;
    const token = line.tokens[i]!;
    if (wanted === token) {
      const weight = token < 0 ? 2 : 1;
      agreed += weight;
      all += weight;
    } else if (fits(wanted, token)) {
      agreed += 0.9;
      all += 1;
    } else {
      all += wanted > 0 && token > 0 ? 1 : 2;
      if (all - agreed > mostUnlike) return 0;
    }
  }
  return all === 0 ? 1 : agreed / all;
}

/** Several clusters that differ from the line in one word, all in the same place: that place holds a value. */
function variantsOf(group: readonly Cluster[], line: TokenLine): Join | undefined {
  if (line.count < 3) return undefined;
  const byPlace = new Map<number, Cluster[]>();
  for (const cluster of group) {
    const place = onlyDifference(cluster.tokens, line);
    if (place < 0) continue;
    const same = byPlace.get(place);
    if (same === undefined) byPlace.set(place, [cluster]);
    else same.push(cluster);
  }
  for (const same of byPlace.values()) {
    if (same.length < VARIANTS) continue;
    const [oldest, ...others] = same;
    return { cluster: oldest!, replaces: others };
  }
  return undefined;
}

function onlyDifference(tokens: Int32Array, line: TokenLine): number {
  let place = -1;
  for (let i = 0; i < tokens.length; i++) {
    if (fits(tokens[i]!, line.tokens[i]!)) continue;
    if (place >= 0) return -1;
    place = i;
  }
  return place;
}
