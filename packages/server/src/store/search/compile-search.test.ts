import { parseSearch, printSearch, type FieldCondition, type SearchNode } from '@pitot/core/search';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../ingest/fixtures/seeded-random.ts';
import { conditionOf } from '../logs/log-filter.ts';
import { insertLogs, openTestStore, type TestLog, type TestStore } from '../logs/fixtures/log-store.ts';
import { readJsonRows } from '../logs/log-rows.ts';
import { LOG_SEARCH_TABLE } from '../logs/log-search-table.ts';
import { compileSearch } from './compile-search.ts';
import { matchesSearch, type SearchableRecord } from './fixtures/matches-search.ts';

const START_MS = Date.parse('2026-03-01T12:00:00Z');
const random = seededRandom(7);
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
const some = (most: number): number => Math.floor(random() * (most + 1));

const WORDS = ['timed', 'out', 'Timed', 'timeout', 'cart', 'Cart', 'GET', '/api/cart', '10.0.0.1', 'user_id=5', 'ÄRGER', 'naïve', "it's", 'a%b', 'x_y', '100%', '\\d+', '"quoted"', '(x)', '{', '?', 'c++', 'item-7', '🙂'];
const SERVICES = ['cart', 'pay', 'Cart', ''];
const KEYS = ['status', 'user.id', 'path', 'k y', "o'key", 'n'];
const VALUES = ['500', '404', '5', '-2', '7.5', '10', 'abc', 'a*c', "x' OR 1=1 --", '/health', '%', '_', 'ABC', '\\', '9'];

interface Stored extends SearchableRecord {
  readonly stored: TestLog;
}

function attributes(): Record<string, string> {
  return Object.fromEntries(Array.from({ length: some(3) }, () => [pick(KEYS), pick(VALUES)]));
}

function randomRecord(sequence: number): Stored {
  const body = Array.from({ length: some(5) }, () => pick(WORDS)).join(pick([' ', ' ', ', ', '']));
  const own = attributes();
  const resource = attributes();
  const service = pick(SERVICES);
  const severityNumber = some(24);
  // Some numbers come as such, the others as text only.
  const numbers = Object.fromEntries(Object.entries(own).filter(([, value]) => /^-?\d/.test(value) && random() < 0.5).map(([key, value]) => [key, Number(value)]));
  const stored = { timeMs: START_MS + sequence, sequence, service, severityNumber, body, attributes: own, numbers, resource };
  return { body, severityNumber, texts: { service }, attributes: own, resource, stored };
}

function randomCondition(): FieldCondition {
  const value = (): string => pick([...VALUES, '']);
  const number = (): string => pick(VALUES.filter((text) => /^-?\d/.test(text)));
  switch (some(7)) {
    case 0:
      return { op: 'exists' };
    case 1:
      return { op: 'in', values: [value(), value()] };
    case 2:
      return { op: 'like', pattern: pick(['*5*', 'a*', '*', '*c', '%*', '_*', '/h*']) };
    case 3:
      return { op: 'matches', pattern: pick(['^5', '0$', 'a.c', '^a*', '[A-C]+', '\\d+']) };
    case 4:
      return { op: pick(['<', '<=', '>', '>=']), value: pick([number(), 'abc', "'"]) };
    case 5:
      return { op: 'range', from: pick([undefined, number()]), to: number(), fromInclusive: random() < 0.5, toInclusive: random() < 0.5 };
    default:
      return { op: 'is', value: value() };
  }
}

function randomTerm(): SearchNode {
  const span = { from: 0, to: 0 };
  switch (some(5)) {
    case 0: {
      const condition = pick<FieldCondition>([{ op: 'is', value: 'warn' }, { op: '>=', value: 'warn' }, { op: '<', value: 'error' }, { op: '>', value: 'info' }, { op: '<=', value: 'debug' }, { op: 'exists' }, { op: 'in', values: ['error', 'unset'] }]);
      return { kind: 'field', field: 'level', condition, ...span };
    }
    case 1:
      return { kind: 'field', field: pick(['user.id', "o'key", 'k y', 'n', 'attribute.status', 'resource.path', 'attribute.user.id']), condition: randomCondition(), ...span };
    case 2:
      return { kind: 'field', field: 'service', condition: pick<FieldCondition>([{ op: 'is', value: pick(SERVICES) }, { op: 'like', pattern: '*art' }, { op: 'in', values: ['cart', 'pay'] }, { op: 'exists' }]), ...span };
    case 3:
      return { kind: 'text', form: 'like', text: pick(['time*', '*out', 'c*t', '*', 't*d', '/api/*', '*.0.1', 'x_*', '*%*', 'är*', '*timed*', 'item-*', '10.*.1', '*"*', 'user*5']), ...span };
    default:
      return { kind: 'text', form: pick(['word', 'phrase']), text: random() < 0.7 ? pick(WORDS) : `${pick(WORDS)} ${pick(WORDS)}`, ...span };
  }
}

function randomNode(depth: number): SearchNode {
  if (depth === 0 || random() < 0.4) return randomTerm();
  if (random() < 0.25) return { kind: 'not', node: randomNode(depth - 1) };
  return { kind: random() < 0.5 ? 'and' : 'or', nodes: [randomNode(depth - 1), randomNode(depth - 1)] };
}

describe('a query as SQL', () => {
  const records = Array.from({ length: 400 }, (_, i) => randomRecord(i + 1));
  let store: TestStore;
  const found = async (node: SearchNode): Promise<number[]> => {
    const { sql, params } = conditionOf({ node, startMs: START_MS, endMs: START_MS + 1000 });
    const rows = await readJsonRows<readonly [string]>(store.clickhouse, `SELECT Sequence FROM otel_logs WHERE ${sql} ORDER BY Sequence`, { params });
    return rows.map(([sequence]) => Number(sequence));
  };
  const explained = async (query: string): Promise<string> => {
    const { sql, params } = conditionOf({ node: parseSearch(query), startMs: START_MS, endMs: START_MS + 1000 });
    return new TextDecoder().decode(await store.clickhouse.query(`EXPLAIN indexes = 1 SELECT count() FROM otel_logs WHERE ${sql}`, { params, format: 'TabSeparated' }));
  };

  beforeAll(async () => {
    store = await openTestStore();
    const logs = records.map(({ stored }) => stored);
    await insertLogs(store.clickhouse, logs.slice(0, 250));
    await insertLogs(store.clickhouse, logs.slice(250));
  });
  afterAll(() => store.close());

  it('finds what the query means, whatever the query and the records', { timeout: 120_000 }, async () => {
    let hits = 0;
    for (let i = 0; i < 200; i++) {
      const node = randomNode(3);
      const expected = records.filter((record) => matchesSearch(node, record)).map(({ stored }) => stored.sequence);
      expect({ query: printSearch(node), found: await found(node) }).toEqual({ query: printSearch(node), found: expected });
      hits += expected.length;
    }
    // The queries are worth asking: between a twentieth and all but a twentieth of the records are found on average.
    expect(hits / 200 / records.length).toBeGreaterThan(0.05);
    expect(hits / 200 / records.length).toBeLessThan(0.95);
  });

  it.each([
    ["service:\"x' OR 1=1 --\"", 0],
    ["\"o') OR true OR ('\":x", 0],
    ['"{q0:String}":x', 0],
    ["attribute.\"user.id\":\"'; DROP TABLE otel_logs; --\"", 0],
    ['"a`b":>5', 0],
    ['body:"%"', records.filter(({ body }) => body.includes('%')).length],
    ['user.id:/[\']/', records.filter(({ attributes: own, resource }) => [own, resource].some((map) => map['user.id']?.includes("'"))).length],
    ["-service:\"' OR '1'='1\"", 400],
  ])('takes %s for a value, never for SQL', async (query, count) => {
    const sequences = await found(parseSearch(query));
    expect(sequences).toHaveLength(count);
    const { sql, params } = compileSearch(parseSearch(query), LOG_SEARCH_TABLE);
    // Nothing of it is in the statement once the placeholders are taken out.
    const text = sql.replace(/\{q\d+:(?:String|Float64|Array\(String\))\}/g, '?');
    expect(text).toMatch(/^(?:[A-Za-z0-9 ()[\]=!<>?,]|''|\(k, v\) -> concat\(k, '\\0', v\))*$/);
    expect(Object.values(params).filter((value) => typeof value === 'string' && text.includes(value))).toEqual([]);
  });

  it('asks the text index for words, and the index of values for attributes', async () => {
    expect(await explained('timed')).toMatch(/[Ff]ilter column: .*__text_index_idx_body_hasAllTokens/);
    expect(await explained('"timed out"')).toMatch(/Name: idx_body[^]*tokens: \[\\?"out\\?", \\?"timed\\?"\]/);
    expect(await explained('timeo*')).toMatch(/Name: idx_body/);
    expect(await explained('user.id:nobody')).toMatch(/__text_index_idx_attributes_has_[^]*Name: idx_attributes/);
    expect(await explained('user.id:nobody')).not.toContain('.key_');
    expect(await explained('host:nobody')).toMatch(/__text_index_idx_resource_has_/);
    expect(await explained('nokey:*')).toMatch(/Name: idx_attribute_keys/);
    expect(await explained('trace:abc')).toMatch(/Name: idx_trace_id/);
  });

  it('reads only the five minutes and the service that are asked for', async () => {
    const plan = await explained('service:cart');
    expect(plan).toMatch(/PrimaryKey[^]*Keys:[^]*ServiceName/);
    expect(plan).toMatch(/Condition: [^\n]*toStartOfFiveMinutes\(TimestampTime\)/);
    expect(plan).toMatch(/ServiceName in \[\\'cart\\', \\'cart\\'\]/);
  });

  it.each([
    ['level:loud', 0, 10, 'trace, debug, info, warn, error, fatal'],
    ['service:cart levl>=warn', 13, 23, 'did you mean level'],
    ['pattern:abc', 0, 11, 'whole number'],
    ['x user.id>5s', 2, 12, 'without a unit'],
  ])('says what is wrong with %s, and where', (query, from, to, hint) => {
    const compile = () => compileSearch(parseSearch(query), LOG_SEARCH_TABLE);
    expect(compile).toThrow(expect.objectContaining({ code: 'bad_query', fields: expect.objectContaining({ from, to, hint: expect.stringContaining(hint) }) }));
  });

  it('takes an expression that RE2 does not know for a mistake of the query', async () => {
    await expect(found(parseSearch('body:/(?=x)/'))).rejects.toMatchObject({ code: 'bad_query', message: expect.stringContaining('RE2') });
  });
});
