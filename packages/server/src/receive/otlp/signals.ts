import { logs } from './logs.ts';
import { metrics } from './metrics.ts';
import type { OtlpSignal } from './signal.ts';
import { traces } from './traces.ts';

/** Every signal of OTLP that Pitot takes, over HTTP and over gRPC. */
export const SIGNALS: readonly OtlpSignal[] = [metrics, logs, traces];
