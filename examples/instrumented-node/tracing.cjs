// Loaded before the application (`node --require ./tracing.cjs app.cjs`): spans of every HTTP request, in and out, go to Pitot.
// Where to and under which name is OpenTelemetry's own configuration: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME.
const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');
const { registerInstrumentations } = require('@opentelemetry/instrumentation');
const { defaultResource, detectResources, envDetector } = require('@opentelemetry/resources');
const { BatchSpanProcessor, NodeTracerProvider } = require('@opentelemetry/sdk-trace-node');

const provider = new NodeTracerProvider({
  resource: defaultResource().merge(detectResources({ detectors: [envDetector] })),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter(), { scheduledDelayMillis: 1000 })],
});
provider.register();
registerInstrumentations({ tracerProvider: provider, instrumentations: [new HttpInstrumentation()] });
process.once('SIGTERM', () => provider.shutdown().finally(() => process.exit(0)));
