import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';

/** Sends one counter through the OpenTelemetry SDK, as a service would, and waits until it was taken. */
export async function sendThroughSdk(otlpUrl: string, service: string): Promise<void> {
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter({ url: `${otlpUrl}/v1/metrics` }),
    exportIntervalMillis: 60_000,
  });
  const provider = new MeterProvider({
    resource: defaultResource().merge(resourceFromAttributes({ 'service.name': service, 'deployment.environment.name': 'staging' })),
    readers: [reader],
  });
  provider.getMeter('e2e').createCounter('orders', { description: 'Orders taken.' }).add(3, { region: 'eu' });
  await provider.forceFlush();
  await provider.shutdown();
}
