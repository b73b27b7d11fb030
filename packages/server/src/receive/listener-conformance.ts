import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunningListener, SocketReceiver } from '@pitot/core';
import { afterEach, describe, expect, it } from 'vitest';
import { damaged, seeded } from './fixtures/damage.ts';
import { listenerContext, signalContext } from './fixtures/delivery.ts';
import { SignalMemory } from './fixtures/signal-memory.ts';
import { until } from './fixtures/until.ts';

/** A listener that takes log lines, as the suite needs to know it. */
export interface ListenerSubject {
  readonly receiver: SocketReceiver;
  /** The setting of its address, which the error names where it cannot be had. */
  readonly configurationKey: string;
  /** Sends good messages, one a line, and resolves when they have left. */
  send(url: string, lines: readonly string[]): Promise<void>;
  /** Sends any bytes, and then nothing more. */
  sendBytes(url: string, bytes: Uint8Array): Promise<void>;
  /** What goes over the wire for a good message. */
  readonly damageable: Uint8Array;
}

const FUZZ_ROUNDS = 150;
const LOOPBACK = { host: '127.0.0.1', port: 0 };

/** What every listener must hold to. Call it once for each in a test of its folder. */
export function listenerConformance(subject: ListenerSubject): void {
  const { receiver } = subject;

  describe(`${receiver.name} conforms`, () => {
    const logs = { current: new SignalMemory('logs') };
    const open: RunningListener[] = [];
    afterEach(async () => {
      await Promise.all(open.splice(0).map((listener) => listener.close()));
    });

    async function start(address = LOOPBACK): Promise<RunningListener> {
      logs.current = new SignalMemory('logs');
      const listener = await receiver.listen(listenerContext(signalContext({ logs: logs.current })), address);
      open.push(listener);
      return listener;
    }

    const bodies = () => logs.current.records.map(({ body }) => String(body));

    it('has a name in kebab case and says what it is', () => {
      expect(receiver.name).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
      expect(receiver.summary).toMatch(/\w{3}/);
    });

    it('takes messages, and names itself as their source', async () => {
      const { url } = await start();
      await subject.send(url, ['first', 'second']);
      await until(() => logs.current.records.length === 2, 'both lines are taken');
      expect(bodies()).toEqual(['first', 'second']);
      expect(logs.current.sources[0]).toEqual({ receiver: receiver.name });
    });

    it('names the setting where the address cannot be had', async () => {
      const { url } = await start();
      const port = Number(url.slice(url.lastIndexOf(':') + 1));
      await expect(start({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'bad_config', message: expect.stringContaining(subject.configurationKey) });
      await expect(start({ host: '192.0.2.1', port: 0 })).rejects.toMatchObject({ code: 'bad_config', message: expect.stringContaining('192.0.2.1') });
    });

    it('ends within five seconds although connections are open, and leaves the address free', async () => {
      const { url, close } = await start();
      const port = Number(url.slice(url.lastIndexOf(':') + 1));
      const idle = connect(port, '127.0.0.1').on('error', () => {});
      await subject.send(url, ['a']);
      await until(() => logs.current.records.length === 1, 'the line is taken');
      open.length = 0;
      const ended = await Promise.race([close().then(() => true), sleep(5000, false)]);
      expect(ended).toBe(true);
      await start({ host: '127.0.0.1', port });
      idle.destroy();
    }, 15_000);

    it(`survives ${FUZZ_ROUNDS} damaged messages`, async () => {
      const { url } = await start();
      const random = seeded(514);
      for (let round = 0; round < FUZZ_ROUNDS; round++) await subject.sendBytes(url, damaged(subject.damageable, random));
      await subject.send(url, ['still here']);
      await until(() => bodies().includes('still here'), 'a good line is taken after the damaged ones');
      expect(bodies().filter((body) => body === 'still here')).toHaveLength(1);
    }, 20_000);
  });
}
