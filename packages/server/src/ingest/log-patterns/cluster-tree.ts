import { RecencyList, type RecencyLink } from './recency-list.ts';
import { SecondBudget } from './second-budget.ts';
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
  /** What remembers a cluster without keeping it alive when it is forgotten. */
  readonly seat: Seat;
}

/** Empty when the cluster is forgotten. */
export interface Seat {
  cluster: Cluster | undefined;
}

/** A cluster's place in its tree. */
interface Entry {
  readonly cluster: Cluster;
  /** Grows from one to the next. */
  readonly age: number;
  readonly key: number;
  /** Index in its group. */
  place: number;
}

/** Groups of one length by first word; above this, further first words share one group: they are names rather than words. */
const MOST_FIRST_WORDS = 64;
/** Lines that differ in one and the same word only, before that word is taken for a value. */
const VARIANTS = 6;
/** New templates of one service in a second. A service that writes more has no templates, and looking for them would hold up the others. */
const NEW_PER_SECOND = 250;
/** Tokens that are compared for one line, a candidate counting as `CANDIDATE_COST` more: a few microseconds. Those used often are compared first. */
const MOST_COMPARED = 768;
const CANDIDATE_COST = 4;
/** The same in a flood: only what is found most often is compared. */
const MOST_COMPARED_IN_FLOOD = 192;

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
  /** Different for each service, for keys over all. */
  readonly seed: number;
  readonly budget = new SecondBudget(NEW_PER_SECOND);
  readonly #groups = new Map<number, Entry[]>();
  readonly #firstWords = new Map<number, number>();
  readonly #entries = new Map<Cluster, RecencyLink<Entry>>();
  readonly #recent = new RecencyList<Entry>();
  readonly #similarity: number;
  #ages = 0;
  /** Of the search under way. */
  #compared = 0;

  constructor(service: string, similarity: number) {
    this.#similarity = similarity;
    let seed = 0;
    for (let i = 0; i < service.length; i++) seed = (Math.imul(seed, 31) + service.charCodeAt(i)) | 0;
    this.seed = seed;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The cluster unused for longest. */
  get oldest(): Cluster | undefined {
    return this.#recent.oldest?.cluster;
  }

  touch(cluster: Cluster): void {
    this.#recent.touch(this.#entries.get(cluster)!);
  }

  /**
   * The cluster that a line is like, and those that it makes superfluous; nothing is changed but the order in which candidates are compared. In a flood
   * no cluster is made superfluous.
   */
  find(line: TokenLine, isFlooded: boolean): Join | undefined {
    const group = this.#groups.get(groupKey(line)) ?? this.#groups.get(line.count);
    if (group === undefined) return undefined;
    let best: Entry | undefined;
    let bestLikeness = this.#similarity;
    this.#compared = 0;
    const mostCompared = isFlooded ? MOST_COMPARED_IN_FLOOD : MOST_COMPARED;
    for (const entry of group) {
      const likeness = this.#likenessOf(entry.cluster.tokens, line);
      if (likeness > bestLikeness || (likeness === bestLikeness && best === undefined)) {
        best = entry;
        bestLikeness = likeness;
        if (likeness === 1) break;
      }
      if (this.#compared > mostCompared) break;
    }
    if (best === undefined) return isFlooded ? undefined : variantsOf(group, line);
    moveUp(group, best);
    return { cluster: best.cluster, replaces: [] };
  }

  add(cluster: Cluster, line: TokenLine): void {
    const key = this.#keyFor(line);
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, (group = []));
    const entry: Entry = { cluster, age: this.#ages++, key, place: group.length };
    group.push(entry);
    this.#entries.set(cluster, this.#recent.add(entry));
  }

  remove(cluster: Cluster): void {
    const link = this.#entries.get(cluster);
    if (link === undefined) return;
    cluster.seat.cluster = undefined;
    this.#entries.delete(cluster);
    this.#recent.remove(link);
    const { key, place } = link.item;
    const group = this.#groups.get(key)!;
    const last = group.pop()!;
    if (last !== link.item) {
      group[place] = last;
      last.place = place;
    }
    if (group.length > 0) return;
    this.#groups.delete(key);
    const length = key % LENGTHS;
    if (key !== length) this.#firstWords.set(length, (this.#firstWords.get(length) ?? 1) - 1);
  }

  #keyFor(line: TokenLine): number {
    const key = groupKey(line);
    if (this.#groups.has(key)) return key;
    const words = this.#firstWords.get(line.count) ?? 0;
    if (words >= MOST_FIRST_WORDS) return line.count;
    this.#firstWords.set(line.count, words + 1);
    return key;
  }

  /**
   * Share of a line that agrees with a template: words count twice as much as values, since words are what a programmer wrote. What the template leaves open
   * agrees a little less than a value of its type. 0 as soon as too much of the weight disagrees for the line to join.
   */
  #likenessOf(tokens: Int32Array, line: TokenLine): number {
    const mostUnlike = (1 - this.#similarity) * 2 * line.count;
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
        if (all - agreed > mostUnlike) {
          this.#compared += i + CANDIDATE_COST;
          return 0;
        }
      }
    }
    this.#compared += tokens.length + CANDIDATE_COST;
    return all === 0 ? 1 : agreed / all;
  }
}

/** Half the way to the front: what is found often is soon found at once. */
function moveUp(group: Entry[], entry: Entry): void {
  const from = entry.place;
  const to = from >> 1;
  const other = group[to]!;
  group[to] = entry;
  group[from] = other;
  entry.place = to;
  other.place = from;
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

/** Several clusters that differ from the line in one word, all in the same place: that place holds a value. */
function variantsOf(group: readonly Entry[], line: TokenLine): Join | undefined {
  if (line.count < 3) return undefined;
  const byPlace = new Map<number, Entry[]>();
  let compared = 0;
  for (const entry of group) {
    const place = onlyDifference(entry.cluster.tokens, line);
    compared += (place < 0 ? 2 : line.count) + CANDIDATE_COST;
    if (compared > MOST_COMPARED) break;
    if (place < 0) continue;
    const same = byPlace.get(place);
    if (same === undefined) byPlace.set(place, [entry]);
    else same.push(entry);
  }
  for (const same of byPlace.values()) {
    if (same.length < VARIANTS) continue;
    const [oldest, ...others] = same.sort((a, b) => a.age - b.age).map(({ cluster }) => cluster);
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
