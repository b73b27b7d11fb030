import { describe, expect, it } from 'vitest';
import { damaged, seeded } from '../fixtures/damage.ts';
import { NOW_MS } from '../fixtures/delivery.ts';
import { parseSyslog } from './message.ts';

function parse(text: string | Buffer, nowMs = NOW_MS) {
  const { structured, ...message } = parseSyslog(Buffer.from(text as string), nowMs);
  return structured.size === 0 ? message : { ...message, structured: Object.fromEntries(structured) };
}

const nanos = (iso: string, below = '') => BigInt(Date.parse(iso)) * 1_000_000n + BigInt(below || '0');
/** The zone of RFC 3164 is this machine's. */
const local = (...date: [number, number, number, number, number, number]) => BigInt(new Date(...date).getTime()) * 1_000_000n;

describe('RFC 5424', () => {
  it.each<[string, string, object]>([
    [
      'the first example of the RFC, with its BOM',
      `<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \ufeff'su root' failed for lonvick on /dev/pts/8`,
      { facility: 4, severity: 2, timeUnixNano: nanos('2003-10-11T22:14:15.003Z'), host: 'mymachine.example.com', app: 'su', msgId: 'ID47', body: `'su root' failed for lonvick on /dev/pts/8` },
    ],
    [
      'a zone and microseconds',
      '<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It\'s time.',
      { facility: 20, severity: 5, timeUnixNano: nanos('2003-08-24T12:14:15Z', '3000'), host: '192.0.2.1', app: 'myproc', procId: '8710', body: "%% It's time." },
    ],
    [
      'structured data with two elements and escapes',
      String.raw`<165>1 2003-10-11T22:14:15.003Z host evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="App \"x\" \\ \] ü"][examplePriority@32473 class="high"] An event`,
      {
        facility: 20,
        severity: 5,
        timeUnixNano: nanos('2003-10-11T22:14:15.003Z'),
        host: 'host',
        app: 'evntslog',
        msgId: 'ID47',
        structured: { 'exampleSDID@32473.iut': '3', 'exampleSDID@32473.eventSource': String.raw`App "x" \ ] ü`, 'examplePriority@32473.class': 'high' },
        body: 'An event',
      },
    ],
    ['structured data and no message', '<0>1 - - - - - [a b="c"]', { facility: 0, severity: 0, structured: { 'a.b': 'c' }, body: '' }],
    ['nothing but nils', '<191>1 - - - - - -', { facility: 23, severity: 7, body: '' }],
    ['structured data that is malformed: it stays in the message', '<13>1 - h a - - [x y=z] hello', { facility: 1, severity: 5, host: 'h', app: 'a', body: '[x y=z] hello' }],
    ['lines within the message', '<13>1 - h a - - - one\n two', { facility: 1, severity: 5, host: 'h', app: 'a', body: 'one\n two' }],
  ])('%s', (_name, text, message) => {
    expect(parse(text)).toEqual(message);
  });
});

describe('RFC 3164', () => {
  it.each<[string, string, object]>([
    [
      'the example of the RFC',
      "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
      { facility: 4, severity: 2, timeUnixNano: local(2025, 9, 11, 22, 14, 15), host: 'mymachine', app: 'su', body: "'su root' failed for lonvick on /dev/pts/8" },
    ],
    ['a process id and a day of one digit', '<13>Jan  2 03:04:05 web-1 nginx[312]: GET /', { facility: 1, severity: 5, timeUnixNano: local(2026, 0, 2, 3, 4, 5), host: 'web-1', app: 'nginx', procId: '312', body: 'GET /' }],
    ['no host, as the C library writes', '<86>Jan  2 03:04:05 sshd[99]: session opened', { facility: 10, severity: 6, timeUnixNano: local(2026, 0, 2, 3, 4, 5), app: 'sshd', procId: '99', body: 'session opened' }],
    ['RFC 3339, as rsyslog forwards', '<13>2026-01-02T03:04:05.123456+01:00 web-1 app: hi', { facility: 1, severity: 5, timeUnixNano: nanos('2026-01-02T02:04:05.123Z', '456000'), host: 'web-1', app: 'app', body: 'hi' }],
    ['a mark, a year and a fraction, as Cisco writes', '<189>*Jan  2 2026 03:04:05.678: %SYS-5-CONFIG_I: Configured', { facility: 23, severity: 5, timeUnixNano: local(2026, 0, 2, 3, 4, 5) + 678_000_000n, app: '%SYS-5-CONFIG_I', body: 'Configured' }],
    ['no tag', '<13>Jan  2 03:04:05 web-1 just words here', { facility: 1, severity: 5, timeUnixNano: local(2026, 0, 2, 3, 4, 5), host: 'web-1', body: 'just words here' }],
    ['an address as host', '<13>Jan  2 03:04:05 2001:db8::1 app: hi', { facility: 1, severity: 5, timeUnixNano: local(2026, 0, 2, 3, 4, 5), host: '2001:db8::1', app: 'app', body: 'hi' }],
    ['no time', '<13>app[1]: hi', { facility: 1, severity: 5, app: 'app', procId: '1', body: 'hi' }],
    ['no priority', 'something went wrong', { facility: 1, severity: 5, body: 'something went wrong' }],
    ['a priority that is none', '<192>hi', { facility: 1, severity: 5, body: '<192>hi' }],
    ['a day that is none', '<13>Feb 30 03:04:05 h app: hi', { facility: 1, severity: 5, body: 'Feb 30 03:04:05 h app: hi' }],
  ])('%s', (_name, text, message) => {
    expect(parse(text)).toEqual(message);
  });

  it.each([
    ['Dec 31 23:59:58', [2026, 0, 1, 0, 0, 5], local(2025, 11, 31, 23, 59, 58)],
    ['Jan  1 00:00:02', [2025, 11, 31, 23, 59, 58], local(2026, 0, 1, 0, 0, 2)],
    ['Feb 29 12:00:00', [2024, 2, 1, 0, 0, 0], local(2024, 1, 29, 12, 0, 0)],
    ['Feb 29 12:00:00', [2025, 0, 15, 0, 0, 0], local(2024, 1, 29, 12, 0, 0)],
  ] as const)('takes %s, read at %j, for the nearest year', (time, now, expected) => {
    const [year, ...rest] = now;
    expect(parse(`<13>${time} h a: b`, new Date(year, ...(rest as [number, number, number, number, number])).getTime())).toMatchObject({ timeUnixNano: expected });
  });

  it('takes a time that is far ahead, from another zone, for now', () => {
    const nowMs = new Date(2026, 0, 2, 3, 4, 5).getTime();
    expect(parse('<13>Jan  2 05:04:05 h a: b', nowMs)).toMatchObject({ timeUnixNano: BigInt(nowMs) * 1_000_000n });
    expect(parse('<13>Jan  2 03:08:05 h a: b', nowMs)).toMatchObject({ timeUnixNano: local(2026, 0, 2, 3, 8, 5) });
  });
});

describe('any bytes', () => {
  it('are a message: not UTF-8, and damaged', () => {
    expect(parse(Buffer.from([0x3c, 0x31, 0x33, 0x3e, 0x63, 0x61, 0x66, 0xe9]))).toEqual({ facility: 1, severity: 5, body: 'caf\ufffd' });
    const random = seeded(5424);
    const good = Buffer.from('<165>1 2003-10-11T22:14:15.003Z host app 1 ID [a@1 b="c" d="e"][f g="h"] text');
    for (let round = 0; round < 5000; round++) {
      const { facility, severity, body, timeUnixNano = 0n } = parseSyslog(Buffer.from(damaged(good, random)), NOW_MS);
      expect([facility >= 0 && facility <= 23, severity >= 0 && severity <= 7, typeof body, timeUnixNano >= 0n]).toEqual([true, true, 'string', true]);
    }
  });

  it('take time in proportion to their length', () => {
    for (const text of [`<13>1 - - - - - [a ${'b="c" '.repeat(40_000)}`, `<13>1 - - - - - ${'[a]'.repeat(80_000)}`, `<13>1 - - - - - [a b="${'\\'.repeat(250_000)}`, `<13>${'a'.repeat(250_000)}`]) {
      expect(parseSyslog(Buffer.from(text), NOW_MS).body.length).toBeLessThanOrEqual(text.length);
    }
  });
});
