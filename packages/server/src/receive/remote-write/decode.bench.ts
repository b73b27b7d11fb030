import snappy from 'snappy';
import { ColumnSink } from '../fixtures/column-sink.ts';
import { printRate } from '../fixtures/cpu-time.ts';
import { NOW_MS, openRoute, postRequest, testContext } from '../fixtures/delivery.ts';
import { encodeV1, encodeV2, type SeriesV1 } from './fixtures/messages.ts';
import { remoteWrite } from './receiver.ts';

// Samples per CPU-second of the decoder with its snappy, into a sink that only keeps columns; 10,000 series with 10 labels,
// 1,000 a request. Run: node packages/server/src/receive/remote-write/decode.bench.ts

const SERIES = 10_000;
const SERIES_PER_REQUEST = 1_000;
const ROUNDS = 300;
const PATH = '/api/v1/write';

function seriesOf(index: number): SeriesV1 {
  const labels = {
    __name__: `http_requests_${index % 50}_total`,
    cluster: 'production-eu-west-1',
    container: `service-${index % 97}`,
    endpoint: 'metrics',
    handler: `/api/v1/things/${index % 31}`,
    instance: `10.0.${index % 200}.${index % 251}:8080`,
    job: `kubernetes-pods-${index % 13}`,
    method: index % 2 === 0 ? 'GET' : 'POST',
    namespace: `namespace-${index % 20}`,
    pod: `service-${index % 97}-7d9f8b6c5d-${index}`,
  };
  return { labels, samples: [[NOW_MS, Math.round(1000 * Math.sin(index)) / 10]] };
}

async function measure(name: string, message: string, encode: (series: SeriesV1[]) => Uint8Array): Promise<void> {
  const route = openRoute(remoteWrite, testContext(new ColumnSink()), PATH);
  const headers = { 'content-type': `application/x-protobuf;proto=${message}`, 'content-encoding': 'snappy' };
  const requests = Array.from({ length: SERIES / SERIES_PER_REQUEST }, (_, request) => {
    const series = Array.from({ length: SERIES_PER_REQUEST }, (_unused, i) => seriesOf(request * SERIES_PER_REQUEST + i));
    return postRequest(PATH, headers, snappy.compressSync(Buffer.from(encode(series))));
  });
  await printRate(name, 'samples', route, requests, SERIES, ROUNDS);
}

await measure('remote write 1.0', 'prometheus.WriteRequest', (series) => encodeV1(series));
await measure('remote write 2.0', 'io.prometheus.write.v2.Request', (series) => encodeV2(series));
