import type { Clock, Counter, Logger, Meter } from '@pitot/core';
import type { PatternMiner, PatternUpdate } from '../logs/log-processor.ts';
import type { PatternSettings } from '../log-rules/schema.ts';
import { ClusterTree, type Cluster } from './cluster-tree.ts';
import { patternId } from './pattern-id.ts';
import { RecencyList, type RecencyLink } from './recency-list.ts';
import { SecondBudget } from './second-budget.ts';
import { SeenLines } from './seen-lines.ts';
import { fits, joined, PLACEHOLDERS } from './token-shape.ts';
import { TokenLine } from './tokenizer.ts';

/** Characters of the body that is kept as an example. */
const LONGEST_SAMPLE = 2_000;
const UPDATES_PER_SECOND = 1_000;
/** New templates of all services in a second: what a flood from many services may cost, and no more than can be written. */
const NEW_PER_SECOND = 1_000;
const EVICTION_LOG_INTERVAL_MS = 60_000;

export interface MinerOptions {
  readonly settings: PatternSettings;
  readonly clock: Clock;
  readonly meter: Meter;
  readonly log: Logger;
}

/** Finds templates in bodies as they stream in. Memory is bounded by the settings; a body costs a few microseconds. */
export class TemplateMiner implements PatternMiner {
  readonly #settings: PatternSettings;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #forgotten: Counter;
  readonly #trees = new Map<string, ClusterTree>();
  readonly #line = new TokenLine();
  readonly #templateLine = new TokenLine();
  /** What `takeUpdates` still has to give, by id. */
  readonly #pending = new Map<bigint, Cluster | PatternUpdate>();
  readonly #seen = new SeenLines();
  readonly #budget = new SecondBudget(NEW_PER_SECOND);
  readonly #links = new Map<Cluster, RecencyLink<Cluster>>();
  readonly #recent = new RecencyList<Cluster>();
  #updatesLeft = UPDATES_PER_SECOND;
  #refilledMs = 0;
  #evictedSinceLog = 0;
  #evictionLoggedMs = 0;

  constructor({ settings, clock, meter, log }: MinerOptions) {
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#forgotten = meter.counter('pitot_log_patterns_forgotten_total', 'Templates that made room for others.', []);
    meter.observe('pitot_log_patterns', 'Templates in memory.', () => this.size);
  }

  /** Templates in memory. */
  get size(): number {
    return this.#links.size;
  }

  patternOf(service: string, severityNumber: number, body: string, timestampMs: number): bigint {
    const line = this.#line;
    line.read(body);
    if (line.count === 0) return 0n;
    const tree = this.#trees.get(service);
    const seen = tree === undefined ? undefined : this.#seen.get(lineKey(line, tree.seed));
    if (seen !== undefined) {
      this.#touch(tree!, seen);
      return seen.id;
    }
    const nowMs = this.#clock.nowMs();
    const isFlooded = this.#budget.isSpent(nowMs) || tree?.budget.isSpent(nowMs) === true;
    const join = tree?.find(line, isFlooded);
    if (join === undefined) return isFlooded ? 0n : this.#create(service, severityNumber, body, timestampMs);
    const { cluster, replaces } = join;
    this.#touch(tree!, cluster);
    // In a flood templates stay as they are: making one more general costs as much as making one.
    if (isFlooded && differs(cluster.tokens, line)) return cluster.id;
    this.#generalise(tree!, cluster, line);
    for (const gone of replaces) this.#forget(tree!, gone);
    this.#seen.set(lineKey(line, tree!.seed), cluster);
    return cluster.id;
  }

  takeUpdates(): readonly PatternUpdate[] {
    if (this.#pending.size === 0) return [];
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#refilledMs >= 1000 || nowMs < this.#refilledMs) {
      this.#refilledMs = nowMs;
      this.#updatesLeft = UPDATES_PER_SECOND;
    }
    const updates: PatternUpdate[] = [];
    for (const [id, entry] of this.#pending) {
      if (this.#updatesLeft === 0) break;
      this.#updatesLeft--;
      this.#pending.delete(id);
      updates.push('id' in entry ? updateOf(entry) : entry);
    }
    return updates;
  }

  putBack(updates: readonly PatternUpdate[]): void {
    for (const update of updates) if (!this.#pending.has(update.pattern)) this.#pending.set(update.pattern, update);
  }

  /** Seeds the miner from stored rows, the newest of each pattern, so that ids and first times stay over a restart. Call before the first record. */
  restore(rows: Iterable<PatternUpdate>): void {
    const { max_patterns: most, max_patterns_per_service: mostPerService, similarity } = this.#settings;
    for (const row of rows) {
      if (this.size >= most) return;
      const line = this.#templateLine;
      line.read(row.template);
      let tree = this.#trees.get(row.service);
      if (tree === undefined) this.#trees.set(row.service, (tree = new ClusterTree(row.service, similarity)));
      const key = lineKey(line, tree.seed);
      if (line.count === 0 || tree.size >= mostPerService || this.#seen.get(key) !== undefined) continue;
      const { pattern: id, service, template, severityNumber, sample, firstSeenMs, updatedMs } = row;
      const tokens = line.tokens.slice(0, line.count);
      this.#add(tree, { id, service, template, tokens, severityNumber, sample, firstSeenMs, updatedMs, seat: { cluster: undefined } }, line);
    }
  }

  /** The template that a body would join, or make; changes nothing. */
  preview(service: string, body: string): string | undefined {
    const line = this.#line;
    line.read(body);
    if (line.count === 0) return undefined;
    const tree = this.#trees.get(service);
    const found = tree === undefined ? undefined : (this.#seen.get(lineKey(line, tree.seed)) ?? tree.find(line, false)?.cluster);
    return found === undefined ? line.template() : this.#generalTemplate(found, line);
  }

  #create(service: string, severityNumber: number, body: string, timestampMs: number): bigint {
    const line = this.#line;
    const nowMs = this.#clock.nowMs();
    const template = owned(line.template());
    const cluster: Cluster = {
      id: patternId(service, template),
      service: owned(service),
      template,
      tokens: line.tokens.slice(0, line.count),
      severityNumber,
      sample: owned(body.slice(0, LONGEST_SAMPLE)),
      // A sender's clock may run ahead; nothing is seen before it was.
      firstSeenMs: timestampMs > 0 && timestampMs < nowMs ? timestampMs : nowMs,
      updatedMs: nowMs,
      seat: { cluster: undefined },
    };
    const tree = this.#roomFor(cluster.service);
    this.#spend(tree);
    this.#add(tree, cluster, line);
    this.#pending.set(cluster.id, cluster);
    return cluster.id;
  }

  #add(tree: ClusterTree, cluster: Cluster, line: TokenLine): void {
    cluster.seat.cluster = cluster;
    tree.add(cluster, line);
    this.#links.set(cluster, this.#recent.add(cluster));
    this.#seen.set(lineKey(line, tree.seed), cluster);
  }

  #touch(tree: ClusterTree, cluster: Cluster): void {
    tree.touch(cluster);
    this.#recent.touch(this.#links.get(cluster)!);
  }

  #spend(tree: ClusterTree): void {
    this.#budget.spend();
    tree.budget.spend();
  }

  /** Leaves open what the line has otherwise; says so with the next updates. */
  #generalise(tree: ClusterTree, cluster: Cluster, line: TokenLine): void {
    const { tokens } = cluster;
    if (!differs(tokens, line)) return;
    this.#spend(tree);
    cluster.template = owned(this.#generalTemplate(cluster, line));
    for (let i = 0; i < tokens.length; i++) tokens[i] = joined(tokens[i]!, line.tokens[i]!);
    cluster.updatedMs = this.#clock.nowMs();
    this.#pending.set(cluster.id, cluster);
  }

  #generalTemplate(cluster: Cluster, line: TokenLine): string {
    const { tokens, template } = cluster;
    if (!differs(tokens, line)) return template;
    const templateLine = this.#templateLine;
    templateLine.read(template);
    // A template reads back as the tokens it was made of; were it not so, the text would stay less general than the tokens.
    if (templateLine.count !== tokens.length) return template;
    return templateLine.generalised((i) => (fits(tokens[i]!, line.tokens[i]!) ? undefined : PLACEHOLDERS[joined(tokens[i]!, line.tokens[i]!)]));
  }

  #roomFor(service: string): ClusterTree {
    const { max_patterns: most, max_patterns_per_service: mostPerService, similarity } = this.#settings;
    const known = this.#trees.get(service);
    if (known !== undefined && known.size >= mostPerService) this.#evict(known.oldest!, service);
    if (this.size >= most) this.#evict(this.#recent.oldest!, undefined);
    let tree = this.#trees.get(service);
    if (tree === undefined) this.#trees.set(service, (tree = new ClusterTree(service, similarity)));
    return tree;
  }

  #evict(cluster: Cluster, service: string | undefined): void {
    const tree = this.#trees.get(cluster.service)!;
    this.#forget(tree, cluster);
    if (tree.size === 0) this.#trees.delete(cluster.service);
    this.#forgotten.inc();
    this.#evictedSinceLog++;
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#evictionLoggedMs < EVICTION_LOG_INTERVAL_MS && nowMs >= this.#evictionLoggedMs) return;
    const key = service === undefined ? 'logs.patterns.max_patterns' : 'logs.patterns.max_patterns_per_service';
    this.#log.warn({ service: service ?? 'all', templates: this.#evictedSinceLog }, `templates long unused were forgotten to make room; raise ${key} if they are real`);
    this.#evictionLoggedMs = nowMs;
    this.#evictedSinceLog = 0;
  }

  /** Templates forgotten before they were written still are, but not without bound under a flood of lines that are like no other. */
  #forget(tree: ClusterTree, cluster: Cluster): void {
    tree.remove(cluster);
    this.#recent.remove(this.#links.get(cluster)!);
    this.#links.delete(cluster);
    if (this.#pending.size > this.#settings.max_patterns) this.#pending.delete(cluster.id);
  }
}

function updateOf(cluster: Cluster): PatternUpdate {
  const { id: pattern, service, template, severityNumber, sample, firstSeenMs, updatedMs } = cluster;
  return { pattern, service, template, severityNumber, sample, firstSeenMs, updatedMs };
}

function differs(tokens: Int32Array, line: TokenLine): boolean {
  for (let i = 0; i < tokens.length; i++) if (!fits(tokens[i]!, line.tokens[i]!)) return true;
  return false;
}

/** 53 bits of the service and all tokens: what lines with equal values left out share. */
function lineKey(line: TokenLine, seed: number): number {
  let low = line.count ^ seed;
  let high = 0x9e3779b9 | 0;
  for (let i = 0; i < line.count; i++) {
    const token = line.tokens[i]!;
    low = Math.imul(low ^ token, 0x85ebca6b);
    low ^= low >>> 15;
    high = Math.imul((high + token) | 0, 0xc2b2ae35);
    high ^= high >>> 13;
  }
  return (high & 0x1fffff) * 4294967296 + (low >>> 0);
}

/** A copy of its own: a slice would keep the whole request's text alive. */
function owned(text: string): string {
  return Buffer.from(text).toString();
}
