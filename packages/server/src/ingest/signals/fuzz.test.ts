import { AppError, type LogSink } from '@pitot/core';
import { writeLogsRequest, writeTracesRequest, type OtlpValue } from '@pitot/core/otlp-writer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../fixtures/seeded-random.ts';
import { createStage, NOW_MS, until, type Stage } from '../fixtures/stage.ts';
import type { Ingest } from '../ingest.ts';

const NOW_NS = BigInt(NOW_MS) * 1_000_000n;
const ROUNDS = 4000;
const ATTRIBUTES: Readonly<Record<string, OtlpValue>> = { a: 'text', wide: 'ä世', n: 5, big: -(2n ** 62n), d: 0.5, b: true, list: [1, 'x', { k: [2] }], long: 'y'.repeat(200) };
const IDS = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const RESOURCE = { attributes: { 'service.name': 'cart', n: 1 } };
const LOGS = writeLogsRequest([
  { resource: RESOURCE, scope: { name: 's', version: '1' }, records: [1, 2, 3].map((n) => ({ timeUnixNano: NOW_NS, body: { n }, attributes: ATTRIBUTES, ...IDS, severityText: 'warn', eventName: 'e' })) },
]);
const SPANS = writeTracesRequest([
  {
    resource: RESOURCE,
    scope: { name: 's' },
    records: [1, 2].map((kind) => ({
      ...IDS,
      name: 'work',
      kind,
      traceState: 'ot=th:8',
      startTimeUnixNano: NOW_NS,
      endTimeUnixNano: NOW_NS + 5n,
      attributes: ATTRIBUTES,
      events: [{ timeUnixNano: NOW_NS, name: 'e', attributes: ATTRIBUTES }],
      links: [{ ...IDS, attributes: ATTRIBUTES }],
      statusCode: 2,
    })),
  },
]);

let stage: Stage;
let ingest: Ingest;
beforeAll(async () => {
  stage = createStage();
  ingest = await stage.open();
  ingest.start();
});
afterAll(() => stage.remove());

/** Cut off, bytes overwritten, pieces taken out or doubled. */
function mutated(bytes: Uint8Array, random: () => number): Buffer {
  let result = Buffer.from(bytes);
  const at = (): number => Math.floor(random() * (result.length + 1));
  for (let times = 1 + Math.floor(random() * 4); times > 0; times--) {
    const [from, to] = [at(), at()].sort((a, b) => a - b) as [number, number];
    const kind = random();
    if (kind < 0.25) result = result.subarray(0, from);
    else if (kind < 0.75 && result.length > 0) result[Math.min(from, result.length - 1)] = Math.floor(random() * 256);
    else if (kind < 0.9) result = Buffer.concat([result.subarray(0, from), result.subarray(to)]);
    else result = Buffer.concat([result.subarray(0, to), result.subarray(from)]);
  }
  // In memory of exactly its size, so that reading beyond the end shows.
  return Buffer.from(new Uint8Array(result).buffer);
}

describe.each([
  ['logs', LOGS, 'otel_logs'],
  ['spans', SPANS, 'otel_traces'],
] as const)('%s that were damaged', (signal, request, table) => {
  it('are taken or refused with an AppError, and what is taken can be read back', async () => {
    const random = seededRandom(11);
    const sink: LogSink = ingest[signal];
    const before = stage.writer.rows(table).length;
    let accepted = 0;
    const errors: unknown[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      try {
        accepted += (await sink.take(mutated(request, random), { receiver: 'fuzz' })).accepted;
      } catch (error) {
        errors.push(error);
      }
    }
    await until(() => ingest.monitor.spool().records === 0, 'the spool is empty');
    expect(stage.writer.rows(table).length - before).toBe(accepted);
    expect(accepted).toBeGreaterThan(ROUNDS / 20);
    expect(errors.filter((error) => !(error instanceof AppError) || error.code !== 'bad_payload')).toEqual([]);
    expect(errors.length).toBeGreaterThan(ROUNDS / 20);
  });
});
