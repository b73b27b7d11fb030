import type { OtlpAttributes, OtlpLogRecord } from '@pitot/core/otlp-writer';
import type { Level } from '../plan/system.ts';
import type { Instance } from '../run/instances.ts';
import { stackTrace } from './stack-trace.ts';

const SEVERITY: Readonly<Record<Level, number>> = { DEBUG: 5, INFO: 9, WARN: 13, ERROR: 17 };

export interface Said {
  readonly level: Level;
  readonly message: string;
  readonly timeUs: number;
  /** Hex; empty for lines that belong to no request. */
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: OtlpAttributes;
  /** Class of the exception the line tells of; empty where there is none. */
  readonly exception: string;
}

/** A line as the service's own logger writes it: plain, as a JSON object in text, or as `key=value`. */
export function logRecord(instance: Instance, { level, message, timeUs, traceId, spanId, attributes, exception }: Said): OtlpLogRecord {
  const { service } = instance;
  const stack = exception === '' ? '' : stackTrace(service, exception, message);
  const time = BigInt(Math.round(timeUs + instance.skewUs)) * 1000n;
  return {
    timeUnixNano: time,
    observedTimeUnixNano: time + 40_000_000n,
    severityNumber: SEVERITY[level],
    severityText: level,
    body: body(instance, level, message, stack, traceId),
    attributes: exception === '' ? attributes : { ...attributes, 'exception.type': exception, 'exception.message': message, ...(service.logFormat !== 'text' && { 'exception.stacktrace': stack }) },
    ...(traceId !== '' && { traceId, spanId, flags: 1 }),
  };
}

function body({ service, pod }: Instance, level: Level, message: string, stack: string, traceId: string): string {
  switch (service.logFormat) {
    case 'json':
      return JSON.stringify({ level: level.toLowerCase(), logger: `${service.name}.main`, msg: message, pod, ...(traceId !== '' && { trace_id: traceId }), ...(stack !== '' && { stack }) });
    case 'logfmt':
      return `level=${level.toLowerCase()} caller=${service.name}/handler.go:${40 + (message.length % 200)} msg=${JSON.stringify(message)}${traceId === '' ? '' : ` trace_id=${traceId}`}`;
    case 'text':
      return stack === '' ? message : `${message}\n${stack}`;
  }
}
