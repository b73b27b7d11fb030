import { describe, expect, it } from 'vitest';
import { receiverConformance, type ConformanceSubject } from '../conformance.ts';
import { deliver, NOW_MS, openRoute, postRequest, testContext, type Delivered } from '../fixtures/delivery.ts';
import { MemorySink } from '../fixtures/memory-sink.ts';
import { metricsJson } from './receiver.ts';

function metrics(samples: number, timestamp: number): object[] {
  return Array.from({ length: samples }, (_, i) => ({ service_name: 'shop', metric_type: 'cpu', value: i, metadata: { i }, timestamp }));
}

const shared = {
  receiver: metricsJson,
  path: '/metrics',
  encodings: ['identity', 'gzip', 'deflate'],
  emptyStatus: 400,
  rejectedOf: ({ text }: Delivered) => (JSON.parse(text) as { rejected: number }).rejected,
} as const;

const subjects: ConformanceSubject[] = [
  {
    ...shared,
    contentType: 'application/json',
    payload: (samples, timestampMs) => Buffer.from(JSON.stringify(metrics(samples, timestampMs))),
    malformed: [
      { name: 'text', payload: Buffer.from('[nonsense]'), says: /not JSON: .*nonsense/ },
      { name: 'a number', payload: Buffer.from('3'), says: /expected object/ },
      { name: 'a wrong field', payload: Buffer.from('{"service_name":"s","metric_type":"m","value":"3"}'), says: /value: .*expected number/ },
      { name: 'a wrong label', payload: Buffer.from('{"service_name":"s","metric_type":"m","value":3,"metadata":{"a":[]}}'), says: /metadata\.a: / },
      { name: 'an unknown field', payload: Buffer.from('{"service_name":"s","metric_type":"m","value":3,"labels":{}}'), says: /labels/ },
      { name: 'a wrong time', payload: Buffer.from('{"service_name":"s","metric_type":"m","value":3,"timestamp":"soon"}'), says: /timestamp: expected RFC 3339/ },
      { name: 'an array of wrong metrics', payload: Buffer.from('[{"service_name":"s"},{}]'), says: /every metric is wrong; the first \(0\): metric_type/ },
    ],
    everyCutIsMalformed: true,
  },
  {
    ...shared,
    contentType: 'application/x-ndjson',
    payload: (samples, timestampMs) => Buffer.from(metrics(samples, timestampMs).map((metric) => JSON.stringify(metric)).join('\n')),
    malformed: [{ name: 'text', payload: Buffer.from('nonsense'), says: /line 1 is not JSON/ }],
    everyCutIsMalformed: false,
  },
];
for (const subject of subjects) receiverConformance(subject);

describe('POST /metrics', () => {
  function door(): { sink: MemorySink; post: (body: unknown) => Promise<Delivered> } {
    const sink = new MemorySink();
    const route = openRoute(metricsJson, testContext(sink), '/metrics');
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    return { sink, post: (body) => deliver(route, postRequest('/metrics', headers, Buffer.from(JSON.stringify(body)))) };
  }

  it('takes one metric, with the time of the server where none is given', async () => {
    const { sink, post } = door();
    const answer = await post({ service_name: 'shop', metric_type: 'cpu usage %', value: 1.5, metadata: { 'host.name': 'a', core: 3, on: true, empty: '' } });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({ accepted: 1, rejected: 0, reasons: {}, errors: [] });
    expect(sink.samples).toEqual([
      { labels: ['__name__', 'cpu_usage__', 'core', '3', 'host_name', 'a', 'job', 'shop', 'on', 'true'], timestampMs: NOW_MS, value: 1.5 },
    ]);
  });

  it('reads times', async () => {
    const { sink, post } = door();
    const times = ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.5+01:00', '2026-01-02t03:04:05z', 1767323045000, 1767323045000.9];
    await post(times.map((timestamp) => ({ service_name: 's', metric_type: 'm', value: 1, timestamp })));
    expect(sink.samples.map(({ timestampMs }) => timestampMs)).toEqual([1767323045000, 1767319445500, 1767323045000, 1767323045000, 1767323045000]);
  });

  it('takes the good ones of an array and says what is wrong with the others', async () => {
    const { sink, post } = door();
    const good = { service_name: 's', metric_type: 'm', value: 1 };
    const answer = await post([good, { ...good, value: null }, { ...good, metadata: { 'a.b': 1, a_b: 2 } }, { ...good, metadata: { job: 'x' } }, { ...good, metadata: { __name__: 'x' } }]);
    expect(answer.status).toBe(202);
    expect(JSON.parse(answer.text)).toEqual({
      accepted: 2,
      rejected: 3,
      reasons: { invalid_value: 3 },
      errors: [
        { index: 1, message: expect.stringMatching(/^value: /) },
        { index: 2, message: 'metadata.a_b: the label a_b has a value already' },
        { index: 3, message: 'metadata.job: the label job has a value already' },
      ],
    });
    expect(sink.samples[1]!.labels).toEqual(['__name__', 'm', 'job', 's', 'name__', 'x']);
  });

  it('takes an empty array', async () => {
    const { post } = door();
    expect(JSON.parse((await post([])).text)).toMatchObject({ accepted: 0, rejected: 0 });
  });
});
