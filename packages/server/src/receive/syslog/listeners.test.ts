import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { AppError, type ListenerContext, type Limits, type Meter, type RunningListener, type SocketReceiver } from '@pitot/core';
import { afterEach, describe, expect, it } from 'vitest';
import { listenerContext, signalContext } from '../fixtures/delivery.ts';
import { SignalMemory } from '../fixtures/signal-memory.ts';
import { until } from '../fixtures/until.ts';
import { listenerConformance } from '../listener-conformance.ts';
import { syslogTcp } from './tcp.ts';
import { syslogUdp } from './udp.ts';

const LOGGER = '/usr/bin/logger';

function portOf(url: string): number {
  return Number(url.slice(url.lastIndexOf(':') + 1));
}

async function sendDatagrams(url: string, datagrams: readonly (string | Uint8Array)[]): Promise<void> {
  const socket = createSocket('udp4');
  for (const datagram of datagrams) await new Promise((resolve) => socket.send(datagram, portOf(url), '127.0.0.1', resolve));
  await new Promise<void>((resolve) => socket.close(resolve));
}

async function sendStream(url: string, bytes: string | Uint8Array): Promise<void> {
  const socket = connect(portOf(url), '127.0.0.1');
  socket.resume();
  socket.end(bytes);
  await once(socket, 'close');
}

listenerConformance({
  receiver: syslogUdp,
  configurationKey: 'PITOT_SYSLOG_UDP_LISTEN',
  send: (url, lines) => sendDatagrams(url, lines),
  sendBytes: (url, bytes) => sendDatagrams(url, [bytes]),
  damageable: Buffer.from('<34>1 2003-10-11T22:14:15.003Z host su 1 ID47 [a b="c"] hello'),
});

listenerConformance({
  receiver: syslogTcp,
  configurationKey: 'PITOT_SYSLOG_TCP_LISTEN',
  send: (url, lines) => sendStream(url, lines.map((line) => `<13>${line}\n`).join('')),
  sendBytes: sendStream,
  damageable: Buffer.from('<34>Oct 11 22:14:15 host su: hello\n52 <34>1 2003-10-11T22:14:15.003Z host su - - - goodbye'),
});

class Door {
  readonly logs = new SignalMemory('logs');
  readonly counts: Record<string, number> = {};
  listener!: RunningListener;

  async open(receiver: SocketReceiver, limits: Partial<Limits> = {}): Promise<this> {
    const context: ListenerContext = { ...listenerContext(signalContext(this, limits, Date.now)), meter: this.#meter() };
    this.listener = await receiver.listen(context, { host: '127.0.0.1', port: 0 });
    doors.push(this);
    return this;
  }

  get bodies(): string[] {
    return this.logs.records.map(({ body }) => String(body));
  }

  async take(count: number): Promise<void> {
    await until(() => this.logs.records.length >= count, `${count} records are taken`);
  }

  #meter(): Meter {
    const counter = (name: string) => ({
      inc: (by = 1, labels: Readonly<Record<string, string>> = {}) => {
        const key = [name, labels['reason']].filter(Boolean).join(' ');
        this.counts[key] = (this.counts[key] ?? 0) + by;
      },
    });
    return { counter, gauge: () => ({ set() {} }), observe() {}, histogram: () => ({ observe() {} }) };
  }
}

const doors: Door[] = [];
afterEach(async () => {
  await Promise.all(doors.splice(0).map(({ listener }) => listener.close()));
});

describe('syslog over UDP and TCP', () => {
  it('becomes log records with resource, severity and attributes', async () => {
    const door = await new Door().open(syslogUdp);
    await sendDatagrams(door.listener.url, ['<165>1 2026-01-02T03:04:05.000003Z web-1 shop 8710 ID47 [a@1 b="c"] \ufeffhello', '<11>cron[7]: failed\n', Buffer.from([0x3c, 0x38, 0x3e, 0xff])]);
    await door.take(3);
    expect(door.logs.records).toEqual([
      {
        timeUnixNano: '1767323045000003000',
        observedTimeUnixNano: expect.any(String),
        severityNumber: 10,
        severityText: 'notice',
        body: 'hello',
        resource: { 'service.name': 'shop', 'host.name': 'web-1' },
        scope: '',
        attributes: {
          'syslog.facility.code': 20,
          'syslog.severity.code': 5,
          'syslog.msg.id': 'ID47',
          'syslog.procid': '8710',
          'process.pid': 8710,
          'network.peer.address': '127.0.0.1',
          'syslog.structured_data.a@1.b': 'c',
        },
      },
      expect.objectContaining({ body: 'failed', severityNumber: 17, resource: { 'service.name': 'cron', 'host.name': '127.0.0.1' } }),
      expect.objectContaining({ body: '\ufffd', severityNumber: 21, resource: { 'host.name': '127.0.0.1' } }),
    ]);
    const { timeUnixNano, observedTimeUnixNano } = door.logs.records[1]!;
    expect(timeUnixNano).toBe(observedTimeUnixNano);
  });

  it('goes to the sink in few requests', async () => {
    const door = await new Door().open(syslogTcp);
    await sendStream(door.listener.url, Array.from({ length: 5000 }, (_, i) => `<13>app: line ${i}\n`).join(''));
    await door.take(5000);
    expect(door.bodies).toEqual(Array.from({ length: 5000 }, (_, i) => `line ${i}`));
    expect(door.logs.begun).toBeLessThanOrEqual(20);
  });

  it('is cut where a message is longer than the limit, and says so', async () => {
    const limits = { log_body_bytes: 1000 };
    const tcp = await new Door().open(syslogTcp, limits);
    await sendStream(tcp.listener.url, `<13>a: ${'x'.repeat(5000)}\n<13>a: next\n`);
    await tcp.take(2);
    const udp = await new Door().open(syslogUdp, limits);
    await sendDatagrams(udp.listener.url, [`<13>a: ${'x'.repeat(5000)}`]);
    await udp.take(1);
    for (const door of [tcp, udp]) {
      expect(door.bodies[0]).toBe('x'.repeat(993));
      expect(door.logs.records[0]!.attributes['syslog.truncated']).toBe(true);
      expect(door.counts['pitot_syslog_truncated_total']).toBe(1);
    }
    expect(tcp.bodies[1]).toBe('next');
  });
});

describe('a store that takes nothing for now', () => {
  const full = (retryAfterSeconds: number) => new AppError('spool_full', 'the spool is full', { retryAfterSeconds });

  it('loses nothing of TCP: senders are held back until it does', async () => {
    const door = await new Door().open(syslogTcp);
    door.logs.failure = full(0.1);
    const lines = 60_000;
    const padding = 'x'.repeat(600);
    const sender: Socket = connect(portOf(door.listener.url), '127.0.0.1');
    sender.resume();
    sender.end(Array.from({ length: lines }, (_, i) => `<13>app: ${i} ${padding}\n`).join(''));
    await until(() => door.logs.begun >= 3, 'the sink was asked three times');
    expect(sender.bytesWritten - sender.writableLength).toBeLessThan(36_000_000);
    door.logs.failure = undefined;
    await door.take(lines);
    expect(door.bodies.every((body, i) => body.startsWith(`${i} `))).toBe(true);
    expect(door.counts).toEqual({});
  }, 30_000);

  it('loses of UDP what the queue cannot hold, and counts it', async () => {
    const door = await new Door().open(syslogUdp);
    door.logs.failure = full(0.1);
    const dropped = () => door.counts['pitot_syslog_dropped_total queue_full'] ?? 0;
    const socket = createSocket('udp4');
    let sent = 0;
    // A few at a time, so that the other end can read and the kernel drops nothing.
    for (; dropped() === 0 && sent < 100_000; sent++) {
      socket.send(`<13>app: ${sent}`, portOf(door.listener.url), '127.0.0.1');
      if (sent % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise<void>((resolve) => socket.close(resolve));
    door.logs.failure = undefined;
    await door.take(20_000);
    expect(dropped()).toBeGreaterThan(0);
    expect(door.logs.records.length + dropped()).toBeLessThanOrEqual(sent);
  }, 20_000);

  it('is asked once more at the end, and what is lost then is counted', async () => {
    const door = await new Door().open(syslogUdp);
    door.logs.failure = full(60);
    await sendDatagrams(door.listener.url, ['<13>a: 1', '<13>a: 2']);
    await until(() => door.logs.begun === 1, 'the sink was asked');
    doors.length = 0;
    const before = door.logs.begun;
    await door.listener.close();
    expect(door.logs.begun).toBeGreaterThan(before);
    expect(door.counts).toEqual({ 'pitot_syslog_dropped_total stopped': 2 });
  }, 10_000);

  it('that refuses for good loses the messages, and they are counted', async () => {
    const door = await new Door().open(syslogUdp);
    door.logs.failure = new AppError('bad_payload', 'no');
    await sendDatagrams(door.listener.url, ['<13>a: 1']);
    await until(() => Object.keys(door.counts).length > 0, 'the message was counted');
    expect(door.counts).toEqual({ 'pitot_syslog_dropped_total refused': 1 });
  });
});

describe('the end of a listener', () => {
  it('sends what waits', async () => {
    const door = await new Door().open(syslogUdp);
    await sendDatagrams(door.listener.url, ['<13>a: last']);
    await until(() => (door.logs.begun > 0 ? true : (door.listener.drain(), false)), 'the message came in');
    await door.listener.close();
    doors.length = 0;
    expect(door.bodies).toEqual(['last']);
  });
});

if (!existsSync(LOGGER)) console.warn(`SKIPPED: ${LOGGER} is missing, so no real syslog client is tried`);

describe.skipIf(!existsSync(LOGGER))('logger of util-linux', () => {
  const logger = (...options: string[]) => promisify(execFile)(LOGGER, [...options, '--server', '127.0.0.1', '--tag', 'backup', '--priority', 'daemon.err']);

  it.each([
    ['UDP, RFC 5424', syslogUdp, ['--udp', '--rfc5424', '--id=77', '--sd-id', 'zoo@123', '--sd-param', 'tiger="hungry"', '--msgid', 'M1']],
    ['UDP, RFC 3164', syslogUdp, ['--udp', '--rfc3164', '--id=77']],
    ['TCP, lines', syslogTcp, ['--tcp', '--rfc5424', '--id=77']],
    ['TCP, octet counting', syslogTcp, ['--tcp', '--rfc5424', '--octet-count', '--id=77']],
    ['TCP, RFC 3164 with octet counting', syslogTcp, ['--tcp', '--rfc3164', '--octet-count', '--id=77']],
  ] as const)('arrives over %s', async (_name, receiver, options) => {
    const door = await new Door().open(receiver);
    await logger(...options, '--port', String(portOf(door.listener.url)), 'disk of db-1 is full: é');
    await door.take(1);
    const record = door.logs.records[0]!;
    expect(record).toMatchObject({
      body: 'disk of db-1 is full: é',
      severityNumber: 17,
      resource: { 'service.name': 'backup', 'host.name': expect.stringMatching(/./) },
      attributes: { 'syslog.facility.code': 3, 'syslog.procid': '77' },
    });
    expect(record.resource['host.name']).not.toBe('127.0.0.1');
    expect(Math.abs(Number(BigInt(record['timeUnixNano'] as string) / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    const isStructured = (options as readonly string[]).includes('--sd-id');
    expect(record.attributes['syslog.structured_data.zoo@123.tiger']).toBe(isStructured ? 'hungry' : undefined);
  });
});
