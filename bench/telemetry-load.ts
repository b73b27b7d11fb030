/**
 * The load of the telemetry benchmarks, the same bytes for every server: traces of eight spans with about ten attributes each, and log records with
 * five, in OTLP protobuf with gzip. Seeded, so that two runs differ only in their timestamps.
 */
import { gzipSync } from 'node:zlib';
import { writeLogsRequest, writeTracesRequest, type OtlpGroup, type OtlpLogRecord, type OtlpSpan } from '../packages/core/src/otlp-writer.ts';

const SERVICES = ['gateway', 'web', 'cart', 'checkout', 'payment', 'catalog', 'search', 'users'] as const;
export const SPANS_PER_REQUEST = 512;
export const RECORDS_PER_REQUEST = 1000;
const MS = 1_000_000n;

/** mulberry32: numbers in [0, 1). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

const hex = (random: () => number, digits: number): string => {
  let text = '';
  while (text.length < digits) text += Math.floor(random() * 0xffff_ffff).toString(16).padStart(8, '0');
  return text.slice(0, digits);
};

function resourceOf(service: string, instance: number) {
  return {
    attributes: {
      'service.name': service,
      'service.namespace': 'shop',
      'service.version': '1.4.2',
      'service.instance.id': `${service}-${instance}`,
      'deployment.environment.name': 'production',
      'k8s.namespace.name': 'shop',
      'k8s.pod.name': `${service}-6f7c9d8b5-${instance}`,
      'host.name': `ip-10-0-${instance}-17`,
      'telemetry.sdk.language': 'nodejs',
    },
  };
}

export function traceBodies(requests: number, nowMs: number, seed = 1): Buffer[] {
  const random = seededRandom(seed);
  return Array.from({ length: requests }, () => {
    const byService = new Map<string, OtlpSpan[]>(SERVICES.map((service) => [service, []]));
    for (let trace = 0; trace < SPANS_PER_REQUEST / SERVICES.length; trace++) {
      const traceId = hex(random, 32);
      const start = BigInt(nowMs - Math.floor(random() * 60_000)) * MS;
      let parentSpanId: string | undefined;
      SERVICES.forEach((service, depth) => {
        const spanId = hex(random, 16);
        const durationMs = Math.floor(5 + random() * 200) / (depth + 1);
        byService.get(service)!.push({
          traceId,
          spanId,
          ...(parentSpanId !== undefined && { parentSpanId }),
          name: `GET /api/${service}/{id}`,
          kind: 2,
          startTimeUnixNano: start + BigInt(depth) * MS,
          endTimeUnixNano: start + BigInt(depth) * MS + BigInt(Math.floor(durationMs * 1e6)),
          attributes: {
            'http.request.method': 'GET',
            'http.route': `/api/${service}/{id}`,
            'http.response.status_code': random() < 0.01 ? 500 : 200,
            'url.path': `/api/${service}/${Math.floor(random() * 100_000)}`,
            'url.scheme': 'https',
            'server.address': `${service}.shop.svc.cluster.local`,
            'server.port': 8080,
            'network.protocol.version': '1.1',
            'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64)',
            'user.id': `u${Math.floor(random() * 50_000)}`,
          },
          statusCode: random() < 0.01 ? 2 : 0,
        });
        parentSpanId = spanId;
      });
    }
    const groups = [...byService].map(([service, records], i): OtlpGroup<OtlpSpan> => ({ resource: resourceOf(service, i), scope: { name: '@opentelemetry/instrumentation-http', version: '0.57.0' }, records }));
    return gzipSync(writeTracesRequest(groups), { level: 1 });
  });
}

const TEMPLATES: readonly ((random: () => number) => string)[] = [
  (r) => `request GET /api/cart/${Math.floor(r() * 100_000)} served in ${Math.floor(r() * 300)} ms with status 200`,
  (r) => `user u${Math.floor(r() * 50_000)} logged in from 10.4.${Math.floor(r() * 255)}.${Math.floor(r() * 255)}`,
  (r) => `cache miss for key product:${hex(r, 8)}, loading from database`,
  (r) => `order ${hex(r, 8)} placed, ${Math.floor(r() * 9) + 1} items, total ${(r() * 500).toFixed(2)} EUR`,
  (r) => `retrying call to payment, attempt ${Math.floor(r() * 3) + 1} of 3 after ${Math.floor(r() * 1000)} ms`,
  (r) => `connection pool: acquired ${Math.floor(r() * 50)}/50, waiting ${Math.floor(r() * 20)}`,
  (r) => `job report-daily finished in ${(r() * 60).toFixed(1)} s, ${Math.floor(r() * 10_000)} rows`,
  (r) => `timed out waiting for inventory after ${Math.floor(r() * 5000)} ms`,
];

export function logBodies(requests: number, nowMs: number, seed = 1): Buffer[] {
  const random = seededRandom(seed);
  return Array.from({ length: requests }, (_, request) => {
    const groups = SERVICES.map((service, i): OtlpGroup<OtlpLogRecord> => ({ resource: resourceOf(service, i), scope: { name: 'winston' }, records: recordsOf(random, nowMs + request, RECORDS_PER_REQUEST / SERVICES.length) }));
    return gzipSync(writeLogsRequest(groups), { level: 1 });
  });
}

function recordsOf(random: () => number, nowMs: number, count: number): OtlpLogRecord[] {
  return Array.from({ length: count }, (_, i): OtlpLogRecord => {
    const isError = random() < 0.02;
    return {
      timeUnixNano: BigInt(nowMs) * MS + BigInt(i),
      severityNumber: isError ? 17 : 9,
      severityText: isError ? 'ERROR' : 'INFO',
      body: TEMPLATES[Math.floor(random() * TEMPLATES.length)]!(random),
      traceId: hex(random, 32),
      spanId: hex(random, 16),
      attributes: { 'code.function.name': 'handle', 'thread.id': i % 16, 'http.route': '/api/cart/{id}', 'user.id': `u${Math.floor(random() * 50_000)}`, region: 'eu-central-1' },
    };
  });
}
