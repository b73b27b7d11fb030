import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { QuerySlots } from './query-slots.ts';

const never = new AbortController().signal;

describe('QuerySlots', () => {
  it('runs as many as there are slots, and the rest in order', async () => {
    const slots = new QuerySlots(2);
    const events: string[] = [];
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const runs = gates.map((gate, i) =>
      slots.run(never, async () => {
        events.push(`start ${i}`);
        await gate.promise;
      }),
    );
    await turn();
    expect(events).toEqual(['start 0', 'start 1']);
    expect([slots.running, slots.waiting]).toEqual([2, 1]);
    gates[1]!.resolve();
    await turn();
    expect(events).toEqual(['start 0', 'start 1', 'start 2']);
    gates[0]!.resolve();
    gates[2]!.resolve();
    await Promise.all(runs);
    expect([slots.running, slots.waiting]).toEqual([0, 0]);
  });

  it('frees the slot of a task that throws', async () => {
    const slots = new QuerySlots(1);
    await expect(slots.run(never, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(slots.run(never, () => Promise.resolve(1))).resolves.toBe(1);
  });

  it('leaves the queue when the caller goes away or the time is up', async () => {
    const slots = new QuerySlots(1);
    const gate = Promise.withResolvers<void>();
    const running = slots.run(never, () => gate.promise);
    const caller = new AbortController();
    const deadline = new AbortController();
    const canceled = slots.run(caller.signal, () => Promise.resolve());
    const late = slots.run(deadline.signal, () => Promise.resolve());
    caller.abort();
    deadline.abort(new DOMException('late', 'TimeoutError'));
    await expect(canceled).rejects.toMatchObject({ code: 'canceled' });
    await expect(late).rejects.toMatchObject({ code: 'query_timeout' });
    await expect(slots.run(caller.signal, () => Promise.resolve())).rejects.toMatchObject({ code: 'canceled' });
    gate.resolve();
    await running;
    expect([slots.running, slots.waiting]).toEqual([0, 0]);
  });
});
