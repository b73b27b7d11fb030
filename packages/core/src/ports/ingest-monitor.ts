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
  /** Of metrics the `job` label ('' where the series have none), of logs and spans service.name. */
  readonly service: string;
  readonly activeSeries: number;
  readonly samplesTotal: number;
  /** Over the last minute. */
  readonly samplesPerSecond: number;
  /** Log records and spans, counted and rated as samples are. Absent is 0. */
  readonly logsTotal?: number;
  readonly logsPerSecond?: number;
  readonly spansTotal?: number;
  readonly spansPerSecond?: number;
  readonly firstReceivedMs: number;
  readonly lastReceivedMs: number;
}
