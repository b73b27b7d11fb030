import { signalRecipes } from './signal-recipes.ts';

/** Where and how to send, as the running server says. */
export interface Target {
  /** Of the main listener, without a trailing slash: web, REST, remote write. */
  readonly baseUrl: string;
  /** Of OTLP/HTTP; the same server where it has no listener of its own. */
  readonly otlpUrl: string;
  /** Of OTLP/gRPC; undefined where it is off or cannot be reached from where this page is read. */
  readonly grpcUrl?: string | undefined;
  /** Shown in place of a key where one is needed and none was made yet; undefined where none is needed. */
  readonly apiKey: string | undefined;
}

export interface Recipe {
  readonly id: string;
  readonly title: string;
  /** Turns green when data arrives by one of these. */
  readonly receivers: readonly string[];
  /** `telemetry_sdk_language` of the senders this recipe is for; the Collector's own is none. */
  readonly language?: string;
  readonly what: string;
  readonly steps: readonly { readonly label: string; readonly code: string }[];
}

const OTLP = ['otlp', 'otlp-grpc'] as const;
const environmentLines = ({ otlpUrl, apiKey }: Target, service: string): string =>
  [
    `export OTEL_SERVICE_NAME=${service}`,
    `export OTEL_EXPORTER_OTLP_ENDPOINT=${otlpUrl}`,
    'export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
    ...(apiKey === undefined ? [] : [`export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20${apiKey}"`]),
    'export OTEL_METRIC_EXPORT_INTERVAL=10000',
  ].join('\n');

const bearerYaml = (apiKey: string | undefined, indent: string): string =>
  apiKey === undefined ? '' : `\n${indent}authorization:\n${indent}  credentials: ${apiKey}`;

/** Lines to copy, complete: address, key and all. */
export function recipesFor(target: Target): Recipe[] {
  const { baseUrl, otlpUrl, apiKey } = target;
  const curlKey = apiKey === undefined ? '' : ` \\\n  -H 'Authorization: Bearer ${apiKey}'`;
  return [
    {
      id: 'node',
      title: 'Node.js',
      receivers: OTLP,
      language: 'nodejs',
      what: 'OpenTelemetry instruments HTTP, databases and the runtime without a change to the code.',
      steps: [
        { label: 'Install', code: 'npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node' },
        { label: 'Point it here', code: environmentLines(target, 'my-service') },
        { label: 'Run', code: 'node --require @opentelemetry/auto-instrumentations-node/register app.js' },
      ],
    },
    {
      id: 'python',
      title: 'Python',
      receivers: OTLP,
      language: 'python',
      what: 'The distribution finds the libraries in use and instruments them.',
      steps: [
        { label: 'Install', code: 'pip install opentelemetry-distro opentelemetry-exporter-otlp\nopentelemetry-bootstrap -a install' },
        { label: 'Point it here', code: environmentLines(target, 'my-service') },
        { label: 'Run', code: 'opentelemetry-instrument python app.py' },
      ],
    },
    {
      id: 'java',
      title: 'Java',
      receivers: OTLP,
      language: 'java',
      what: 'One agent file beside the application.',
      steps: [
        {
          label: 'Get the agent',
          code: 'curl -LO https://github.com/open-telemetry/opentelemetry-java-instrumentation/releases/latest/download/opentelemetry-javaagent.jar',
        },
        { label: 'Point it here', code: environmentLines(target, 'my-service') },
        { label: 'Run', code: 'java -javaagent:opentelemetry-javaagent.jar -jar app.jar' },
      ],
    },
    {
      id: 'go',
      title: 'Go',
      receivers: OTLP,
      language: 'go',
      what: 'The exporter reads its address from the environment.',
      steps: [
        {
          label: 'Install',
          code: 'go get go.opentelemetry.io/otel/sdk/metric go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp',
        },
        {
          label: 'Set up',
          code: [
            'exporter, err := otlpmetrichttp.New(ctx)',
            'if err != nil {',
            '\tlog.Fatal(err)',
            '}',
            'provider := metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(exporter)))',
            'defer provider.Shutdown(ctx)',
            'otel.SetMeterProvider(provider)',
          ].join('\n'),
        },
        { label: 'Point it here', code: environmentLines(target, 'my-service') },
      ],
    },
    {
      id: 'collector',
      title: 'OpenTelemetry Collector',
      receivers: OTLP,
      language: 'none',
      what: 'Sends on what it receives, and the metrics of the host it runs on, so that the host appears under Hosts.',
      steps: [
        {
          label: 'Add to the configuration',
          code: [
            'receivers:',
            '  otlp: { protocols: { grpc: {}, http: {} } }',
            '  hostmetrics:',
            '    collection_interval: 10s',
            '    scrapers: { cpu: {}, memory: {}, load: {}, disk: {}, filesystem: {}, network: {} }',
            'processors:',
            '  resourcedetection: { detectors: [env, system] }',
            'exporters:',
            '  otlphttp/pitot:',
            `    endpoint: ${otlpUrl}`,
            ...(apiKey === undefined ? [] : ['    headers:', `      Authorization: Bearer ${apiKey}`]),
            'service:',
            '  pipelines:',
            '    metrics: { receivers: [otlp, hostmetrics], processors: [resourcedetection], exporters: [otlphttp/pitot] }',
            '    traces: { receivers: [otlp], exporters: [otlphttp/pitot] }',
            '    logs: { receivers: [otlp], exporters: [otlphttp/pitot] }',
          ].join('\n'),
        },
      ],
    },
    {
      id: 'remote-write',
      title: 'Prometheus remote write',
      receivers: ['remote-write'],
      what: 'A Prometheus that exists keeps its work and sends a copy of every sample.',
      steps: [{ label: 'Add to prometheus.yml', code: `remote_write:\n  - url: ${baseUrl}/api/v1/write${bearerYaml(apiKey, '    ')}` }],
    },
    {
      id: 'scrape',
      title: 'Prometheus scrape',
      receivers: ['scrape'],
      what: 'Pitot fetches /metrics itself, with the same configuration as Prometheus. The file is named by PITOT_CONFIG.',
      steps: [
        {
          label: 'Put into pitot.yaml',
          code: 'scrape_configs:\n  - job_name: my-service\n    scrape_interval: 15s\n    static_configs:\n      - targets: ["127.0.0.1:9100"]',
        },
        { label: 'Start with it', code: 'PITOT_CONFIG=pitot.yaml npm start' },
      ],
    },
    {
      id: 'curl',
      title: 'curl',
      receivers: ['metrics-json'],
      what: 'One number from a script, a cron job or a deployment.',
      steps: [
        {
          label: 'Send one',
          code: `curl ${baseUrl}/metrics${curlKey} \\\n  -H 'Content-Type: application/json' \\\n  -d '{"service_name":"shop","metric_type":"orders_open","value":42,"metadata":{"region":"eu"}}'`,
        },
        { label: 'Read it back', code: `curl '${baseUrl}/metrics?service=shop&limit=10'${curlKey}` },
      ],
    },
    ...signalRecipes(target),
  ];
}

const isLoopback = (host: string): boolean => host === 'localhost' || host === '[::1]' || host.startsWith('127.');

/** The address of a listener as a sender must write it; an address of all interfaces is replaced by the one in the browser. */
export function reachableUrl(listenerUrl: string, pageOrigin: string): string {
  const url = new URL(listenerUrl);
  const page = new URL(pageOrigin);
  if (['0.0.0.0', '[::]', '[::0]'].includes(url.hostname)) url.hostname = page.hostname;
  return url.origin;
}

/**
 * Picks the OTLP listener out of those the server names. Without one, or where it can be reached from the server's own
 * machine only and this page is read on another, OTLP is sent to the main address, which takes it too.
 */
export function targetOf(listeners: readonly { readonly name: string; readonly url: string }[], pageOrigin: string, apiKey: string | undefined): Target {
  const isReachable = ({ url }: { readonly url: string }): boolean => isLoopback(new URL(pageOrigin).hostname) || !isLoopback(new URL(url).hostname);
  const otlp = listeners.find((listener) => /otlp/i.test(listener.name) && !/grpc/i.test(listener.name));
  const grpc = listeners.find((listener) => /grpc/i.test(listener.name));
  return {
    baseUrl: pageOrigin,
    otlpUrl: otlp !== undefined && isReachable(otlp) ? reachableUrl(otlp.url, pageOrigin) : pageOrigin,
    ...(grpc !== undefined && isReachable(grpc) && { grpcUrl: reachableUrl(grpc.url, pageOrigin) }),
    apiKey,
  };
}
