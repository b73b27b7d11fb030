import { describe, expect, it } from 'vitest';
import { makeCorpus } from '../log-patterns/fixtures/corpus.ts';
import { mayHoldSensitive } from './redact-prescan.ts';
import { createRedactor } from './redaction.ts';
import { logRulesSchema } from './schema.ts';

const redactorOf = (redact: object = {}) => createRedactor(logRulesSchema.parse({ redact }).redact);
const standard = redactorOf();

/** What must go, and what is left of the line. Keys are made up, in the shape of the real ones. */
const SENSITIVE: readonly (readonly [string, string])[] = [
  ['mail to jane.doe+x@example.co.uk, ok', 'mail to [redacted:email], ok'],
  ['<joe@example.com>.', '<[redacted:email]>.'],
  ['a@b.de c@d.de', '[redacted:email] [redacted:email]'],
  ['paid with 4111 1111 1111 1111 today', 'paid with [redacted:card] today'],
  ['paid with 4111-1111-1111-1111', 'paid with [redacted:card]'],
  ['card=4111111111111111', 'card=[redacted:card]'],
  ['amex 3782-822463-10005', 'amex [redacted:card]'],
  ['amex 378282246310005.', 'amex [redacted:card].'],
  ['diners 30569309025904', 'diners [redacted:card]'],
  ['2026-11-21 4111 1111 1111 1111', '2026-11-21 [redacted:card]'],
  ['{"pan":5555555555554444}', '{"pan":[redacted:card]}'],
  ['to DE89 3704 0044 0532 0130 00 now', 'to [redacted:iban] now'],
  ['GB29NWBK60161331926819', '[redacted:iban]'],
  ['NO9386011117947', '[redacted:iban]'],
  ['sent Bearer abcdef1234567890.xyz now', 'sent Bearer [redacted:token] now'],
  ['Authorization: Basic dXNlcjpwYXNz', 'Authorization: Basic [redacted:secret]'],
  ['{"authorization":"Bearer zzzzzzzzzzzz1","a":1}', '{"authorization":"Bearer [redacted:secret]","a":1}'],
  ['got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_def done', 'got [redacted:token] done'],
  ['ya29.a0AfH6SMBx1234567890abcdef', '[redacted:token]'],
  ['id AKIAIOSFODNN7EXAMPLE used', 'id [redacted:key] used'],
  [`AIza${'Sy1'.padEnd(35, 'b')}!`, '[redacted:key]!'],
  [`ghp_${'a1'.repeat(18)}`, '[redacted:key]'],
  [`github_pat_${'a1'.repeat(20)}`, '[redacted:key]'],
  [`glpat-${'a1'.repeat(10)}`, '[redacted:key]'],
  [`sk_live_${'a1'.repeat(12)} charged`, '[redacted:key] charged'],
  [`xoxb-123456789012-${'aB'.repeat(6)}`, '[redacted:key]'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- rest', '[redacted:key] rest'],
  ['{"pem":"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n"}', '{"pem":"[redacted:key]\\n"}'],
  ['-----BEGIN EC PRIVATE KEY-----', '[redacted:key]'],
  ['password=hunter2&next=1', 'password=[redacted:secret]&next=1'],
  ['secret: s3cr3t, next', 'secret: [redacted:secret], next'],
  ['{"user":"x","password":"hun\\"ter2","n":1}', '{"user":"x","password":"[redacted:secret]","n":1}'],
  ['{\\"clientSecret\\":\\"abc\\",\\"a\\":1}', '{\\"clientSecret\\":\\"[redacted:secret]\\",\\"a\\":1}'],
  ['{"db.passwd": "x y", "X-Api-Key": "k"}', '{"db.passwd": "[redacted:secret]", "X-Api-Key": "[redacted:secret]"}'],
  ["passphrase='a b c' ok", "passphrase='[redacted:secret]' ok"],
  ['access_token=abcdef123456 ok', 'access_token=[redacted:secret] ok'],
  ['postgres://shop:p4ss@db:5432/x', 'postgres://shop:[redacted:secret]@db:5432/x'],
];

/** Lines as they are written all day, none of which may be touched. */
const HARMLESS: readonly string[] = [
  '2026-11-21T11:37:53.123456789Z 1763725073000 1763725073000000 1763725073000000000',
  'trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7 dd.trace_id=4111111111111111110',
  '550e8400-e29b-41d4-a716-446655440000 12345678-1234-4123-8123-123456789012',
  'order 4111111111111112 card 4111 1111 1111 1112',
  'ratio 0.4111111111111111 and 4111111111111111.5 in /files/x4111111111111111y',
  'sum 9999999999999995 starts with no brand',
  'DE89370400440532013001 fails its check; VERSION42 US12 QR99 too',
  'getty@tty1.service lodash@4.17.21.tgz logo@2x.png java.base@17.0.1/java.lang user@host',
  'Unexpected token: } at line 5 token: 5 max_tokens=4096 "total_tokens": 1523',
  'has_password=true password: null secret=*** key=user:42 cache_key=cart:17 monkey: banana',
  'a bearer of news came; task-queue-worker-1234567890123456 skipped',
  'the token bucket is empty, the secret is out, the key was found',
  'https://example.com:8443/path?a=b http://[::1]:80/',
  'version 1.2.3.4 from 10.0.0.7:8080',
  '-----BEGIN CERTIFICATE-----',
  '日本語のログ: ユーザーがログインしました',
];

describe('redaction', () => {
  it.each(SENSITIVE)('%s', (line, wanted) => {
    expect(standard.text(line)).toBe(wanted);
    expect(mayHoldSensitive(line)).toBe(true);
    // Within a longer text, and a second time: nothing is redacted twice.
    expect(standard.text(`a (${line}) b`)).toContain('[redacted:');
    expect(standard.text(wanted)).toBe(wanted);
  });

  it.each(HARMLESS)('leaves %s', (line) => {
    expect(standard.text(line)).toBe(line);
  });

  it('leaves the lines of ordinary software but for their addresses', () => {
    for (const { body } of makeCorpus(5_000, 3)) {
      const clean = standard.text(body);
      expect(clean).toBe(body.replaceAll(/\w+@example\.com/g, '[redacted:email]'));
    }
  });

  it('notices what is sensitive whatever stands before and after', () => {
    for (const [line] of SENSITIVE) {
      for (const glue of ['\u0001', 'A', '7', '\u00ff']) expect(mayHoldSensitive(`name${glue}${line}${glue}other`), `${glue} ${line}`).toBe(true);
    }
  });

  it('counts by kind', () => {
    const counts = {};
    standard.text('a@b.de c@d.de password=x1', counts);
    expect(counts).toEqual({ email: 2, secret: 1 });
  });

  it('goes by each switch', () => {
    const line = 'a@b.de 4111111111111111 password=x GB29NWBK60161331926819 AKIAIOSFODNN7EXAMPLE Bearer abcdef1234567890 10.0.0.7';
    const off = { email: false, card: false, token: false, key: false, secret: false, iban: false };
    expect(redactorOf(off).text(line)).toBe(line);
    expect(redactorOf({ enabled: false, ipv4: true }).text(line)).toBe(line);
    for (const kind of Object.keys(off)) {
      const only = redactorOf({ ...off, [kind]: true }).text(line);
      expect(only.match(/\[redacted:\w+\]/g)).toEqual([`[redacted:${kind}]`]);
    }
    expect(redactorOf({ ...off, ipv4: true }).text('10.0.0.7:80 256.1.1.1 1.2.3.4.5')).toBe('[redacted:ipv4]:80 256.1.1.1 1.2.3.4.5');
  });

  it('applies own patterns after the built-in ones, outside of what they replaced', () => {
    const own = redactorOf({ custom: [{ name: 'customer', pattern: 'C-\\d+' }, { name: 'word', pattern: '[a-z]{5,}', replace_with: '#' }] });
    const once = own.text('C-123 wrote a@b.de');
    expect(once).toBe('[redacted:customer] # [redacted:email]');
    expect(own.text(once)).toBe(once);
    expect(own.needsEveryValue).toBe(true);
  });

  it('replaces whole values by the attribute’s name', () => {
    const listed = redactorOf({ attributes: ['user.name'] });
    expect(listed.value('user.name', 'Jane')).toBe('[redacted:attribute]');
    expect(listed.value('db.password', 'hunter2')).toBe('[redacted:secret]');
    expect(listed.value('http.request.header.authorization', 'Basic abc')).toBe('[redacted:secret]');
    expect(listed.value('gen_ai.usage.input_tokens', '1523')).toBe('1523');
    expect(listed.value('has_password', 'true')).toBe('true');
    expect(listed.value('note', 'a@b.de')).toBe('[redacted:email]');
    expect(redactorOf({ secret: false }).value('db.password', 'hunter2')).toBe('hunter2');
  });

  it('takes time in proportion to hostile text', () => {
    for (const hostile of ['@', 'a@', '1 ', '4111 ', '-----BEGIN ', 'eyJ', 'eyJa.', 'password=', 'password:"', '"\\', 'sk_', 'AKIA', 'DE89 ', '://:@', 'Bearer ', 'token=', 'token="a', 'password=${', 'authorization: Bearer [redacted:x]']) {
      const text = hostile.repeat(Math.ceil(200_000 / hostile.length));
      expect(standard.text(text).length).toBeGreaterThan(0);
    }
  });
});
