import { describe, expect, it } from 'vitest';
import { recordsOfLines, resourceOfFile } from './log-lines.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

describe('records of lines', () => {
  it('takes off the format of a container runtime and joins its pieces', () => {
    const records = recordsOfLines(
      ['2026-01-02T03:04:05.123456789Z stdout P half ', '2026-01-02T03:04:05.123456790Z stdout F and half', '2026-01-02T03:04:06Z stderr F ERROR it broke'],
      '/var/log/pods/shop_cart-1_uid/cart/0.log',
      NOW_MS,
    );
    expect(records.map(({ body, timeUnixNano, attributes, severityNumber }) => [body, timeUnixNano, attributes?.['log.iostream'], severityNumber])).toEqual([
      ['half and half', 1767323045123456790n, 'stdout', undefined],
      ['ERROR it broke', 1767323046000000000n, 'stderr', 17],
    ]);
  });

  it('reads what Docker writes', () => {
    const [record] = recordsOfLines(['{"log":"hello\\n","stream":"stdout","time":"2026-01-02T03:04:05.5Z"}'], '/x/y.log', NOW_MS);
    expect(record).toMatchObject({ body: 'hello', timeUnixNano: 1767323045500000000n });
  });

  it('keeps a stack trace together', () => {
    const records = recordsOfLines(['WARN slow', 'ERROR Boom', '\tat a.b(C.java:1)', 'Caused by: x', '  at d', 'INFO next'], '/x.log', NOW_MS);
    expect(records.map(({ body }) => body)).toEqual(['WARN slow', 'ERROR Boom\n\tat a.b(C.java:1)\nCaused by: x\n  at d', 'INFO next']);
  });

  it('gives a line without a time that of reading, and leaves out empty ones', () => {
    const records = recordsOfLines(['', 'plain', '   '], '/x.log', NOW_MS);
    expect(records).toHaveLength(1);
    expect(records[0]!.timeUnixNano).toBe(BigInt(NOW_MS) * 1_000_000n);
  });

  it('knows from the path who writes', () => {
    expect(resourceOfFile('/var/log/pods/shop_cart-7d9_1234-5678/server/3.log')).toEqual({
      'service.name': 'server',
      'k8s.namespace.name': 'shop',
      'k8s.pod.name': 'cart-7d9',
      'k8s.pod.uid': '1234-5678',
      'k8s.container.name': 'server',
    });
    expect(resourceOfFile('/var/log/nginx.log')).toEqual({ 'service.name': 'nginx' });
  });
});
