/** What the way between doors and store says of itself; read by `/health`, the status API and the Overview page. */
export interface IngestMonitor {
  circuitBreaker(): CircuitBreakerState;
  spool(): SpoolStatus;
  activeSeries(): number;
  /** One entry per receiver and service that has sent anything since the start, newest first. */
  sources(): readonly SourceStatus[];
}

export type CircuitBreakerState = 'CLOSED' | 'OPEN' | 'HALF_OPEN';

export interface SpoolStatus {
  /** Bytes durable but not yet in the store. */
  readonly sizeBytes: number;
  readonly limitBytes: number;
  readonly records: number;
  /** Age of the oldest record that is not yet in the store; 0 when there is none. */
  readonly oldestAgeMs: number;
  readonly lastError: string;
}

export interface SourceStatus {
  readonly receiver: string;
  /** The `job` label (OpenTelemetry's service.name). '' where the series have none. */
  readonly service: string;
  readonly activeSeries: number;
  readonly samplesTotal: number;
  /** Over the last minute. */
  readonly samplesPerSecond: number;
  readonly firstReceivedMs: number;
  readonly lastReceivedMs: number;
}
