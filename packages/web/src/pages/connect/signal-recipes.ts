import type { Recipe, Target } from './recipes.ts';

const DEFAULT_GRPC = 'http://localhost:4317';

/** Ways in for traces and logs, and those that send everything by themselves. */
export function signalRecipes(target: Target): Recipe[] {
  const { baseUrl, otlpUrl, apiKey } = target;
  const host = new URL(baseUrl).hostname;
  const bearer = apiKey === undefined ? '' : `Bearer ${apiKey}`;
  return [
    grpcRecipe(target),
    {
      id: 'loki',
      title: 'Promtail, Alloy, Fluent Bit (Loki)',
      receivers: ['loki'],
      what: 'Whatever pushes to Loki pushes here: change the address.',
      steps: [
        { label: 'Promtail', code: `clients:\n  - url: ${baseUrl}/loki/api/v1/push${bearer === '' ? '' : `\n    bearer_token: ${apiKey}`}` },
        {
          label: 'Grafana Alloy',
          code: `loki.write "pitot" {\n  endpoint {\n    url = "${baseUrl}/loki/api/v1/push"${bearer === '' ? '' : `\n    bearer_token = "${apiKey}"`}\n  }\n}`,
        },
        {
          label: 'Try it with one line',
          code: `curl ${baseUrl}/loki/api/v1/push${bearer === '' ? '' : ` -H 'Authorization: ${bearer}'`} \\\n  -H 'Content-Type: application/json' \\\n  -d "{\\"streams\\":[{\\"stream\\":{\\"service_name\\":\\"shop\\"},\\"values\\":[[\\"$(date +%s)000000000\\",\\"hello\\"]]}]}"`,
        },
      ],
    },
    {
      id: 'zipkin',
      title: 'Zipkin',
      receivers: ['zipkin'],
      what: 'Brave, Spring and every other Zipkin reporter: spans become part of the map.',
      steps: [
        { label: 'Point the reporter here', code: `${baseUrl}/api/v2/spans` },
        { label: 'Spring Boot', code: `management.zipkin.tracing.endpoint=${baseUrl}/api/v2/spans\nmanagement.tracing.sampling.probability=1.0` },
      ],
    },
    {
      id: 'syslog',
      title: 'Syslog',
      receivers: ['syslog-tcp', 'syslog-udp'],
      what: 'From machines, routers and what has no other way. Syslog knows no login, so its doors are closed until they are opened.',
      steps: [
        { label: 'Open the doors: start Pitot with', code: 'PITOT_SYSLOG_TCP_LISTEN=127.0.0.1:5514 PITOT_SYSLOG_UDP_LISTEN=127.0.0.1:5514 npm start' },
        { label: 'Send a line', code: `logger --server ${host === 'localhost' ? '127.0.0.1' : host} --port 5514 --tcp --octet-count --rfc5424 -t myapp "hello"` },
      ],
    },
    {
      id: 'agent',
      title: 'Pitot’s agent',
      receivers: ['otlp', 'otlp-grpc'],
      language: 'none',
      what: 'A machine’s metrics, containers, log files and who speaks to whom: services without spans appear on the map, too.',
      steps: [
        { label: 'On each machine', code: `node packages/agent/src/main.ts --url ${otlpUrl}${apiKey === undefined ? '' : ` --key ${apiKey}`}` },
      ],
    },
    {
      id: 'demo',
      title: 'The demo',
      receivers: ['otlp', 'otlp-grpc'],
      what: 'A shop of 24 services that can be broken on command, with a day of history. It starts a Pitot of its own.',
      steps: [
        { label: 'Start it', code: 'npm run demo' },
        { label: 'Break something', code: 'node packages/simulator/src/main.ts fault failing payment --for 10m' },
        { label: 'Or send the shop to this Pitot', code: `node packages/simulator/src/main.ts --url ${otlpUrl} --rate 10` },
      ],
    },
  ];
}

function grpcRecipe({ grpcUrl, apiKey }: Target): Recipe {
  return {
    id: 'otlp-grpc',
    title: 'OTLP over gRPC',
    receivers: ['otlp-grpc'],
    what: grpcUrl === undefined ? 'This server’s door for gRPC is closed or not to be reached from here; PITOT_OTLP_GRPC_LISTEN opens it.' : 'For every OpenTelemetry SDK and Collector that speaks gRPC.',
    steps: [
      {
        label: 'Point it here',
        code: [
          'export OTEL_SERVICE_NAME=my-service',
          'export OTEL_EXPORTER_OTLP_PROTOCOL=grpc',
          `export OTEL_EXPORTER_OTLP_ENDPOINT=${grpcUrl ?? DEFAULT_GRPC}`,
          ...(apiKey === undefined ? [] : [`export OTEL_EXPORTER_OTLP_HEADERS="authorization=Bearer%20${apiKey}"`]),
        ].join('\n'),
      },
    ],
  };
}
