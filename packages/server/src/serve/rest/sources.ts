import type { IngestMonitor, SourcesAnswer } from '@pitot/core';

/** Who sends, newest first, in the shape of the REST interface. */
export function listSources(monitor: IngestMonitor): SourcesAnswer {
  return {
    sources: monitor.sources().map((source) => ({
      receiver: source.receiver,
      service: source.service,
      active_series: source.activeSeries,
      samples_total: source.samplesTotal,
      samples_per_second: source.samplesPerSecond,
      logs_total: source.logsTotal ?? 0,
      logs_per_second: source.logsPerSecond ?? 0,
      spans_total: source.spansTotal ?? 0,
      spans_per_second: source.spansPerSecond ?? 0,
      first_received: new Date(source.firstReceivedMs).toISOString(),
      last_received: new Date(source.lastReceivedMs).toISOString(),
    })),
  };
}
