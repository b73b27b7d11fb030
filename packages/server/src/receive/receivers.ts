import type { Receiver } from '@pitot/core';
import { loki } from './loki/receiver.ts';
import { metricsJson } from './metrics-json/receiver.ts';
import { otlp } from './otlp/receiver.ts';
import { remoteWrite } from './remote-write/receiver.ts';
import { zipkin } from './zipkin/receiver.ts';

/** Every door that telemetry is pushed through: one folder here, one line there. */
export const RECEIVERS: readonly Receiver[] = [remoteWrite, otlp, loki, zipkin, metricsJson];
