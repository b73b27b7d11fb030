import { AppError, parseDurationMs } from '@pitot/core';
import { readFaultKind, type FaultOrder } from '../break/faults.ts';

const FORM = /^([a-z-]+):([^@*/]+)(?:@([+-])([0-9a-z]+))?(?:\/([0-9a-z]+))?(?:\*([0-9.]+))?$/;
const DEFAULT_DURATION_MS = 600_000;

/** Reads `slow:payment@+2m/10m*8`: kind, target, when from now, for how long, how hard. Throws `bad_request`. */
export function parseFault(text: string, nowMs: number): FaultOrder {
  const match = FORM.exec(text);
  if (match === null) throw new AppError('bad_request', `"${text}" is not a fault; write it like slow:payment@+2m/10m or cut:checkout>payment@-3h/15m*1 (kind:target@start/duration*intensity)`);
  const [, kind, target, sign, start, duration, intensity] = match;
  const offsetMs = start === undefined ? 0 : parseDurationMs(start) * (sign === '-' ? -1 : 1);
  return {
    kind: readFaultKind(kind!),
    target: target!,
    startMs: nowMs + offsetMs,
    durationMs: duration === undefined ? DEFAULT_DURATION_MS : parseDurationMs(duration),
    ...(intensity !== undefined && { intensity: Number(intensity) }),
  };
}

/**
 * Reads the body of `POST /faults`: `kind` and `target`; `in` and `for` as durations (now, 10m); `intensity`, `extra_ms`, `customer`.
 * Throws `bad_request`.
 */
export function readFaultOrder(body: unknown, nowMs: number): FaultOrder {
  if (typeof body !== 'object' || body === null) throw new AppError('bad_request', 'the body must be a JSON object such as {"kind":"slow","target":"payment","for":"10m"}');
  const fields = body as Record<string, unknown>;
  const unknown = Object.keys(fields).find((name) => !['kind', 'target', 'in', 'for', 'intensity', 'extra_ms', 'customer'].includes(name));
  if (unknown !== undefined) throw new AppError('bad_request', `a fault has no field "${unknown}"; it has kind, target, in, for, intensity, extra_ms and customer`);
  const { intensity, extra_ms: extraMs, customer } = fields;
  return {
    kind: readFaultKind(text(fields, 'kind', undefined)),
    target: text(fields, 'target', undefined),
    startMs: nowMs + parseDurationMs(text(fields, 'in', '0s')),
    durationMs: parseDurationMs(text(fields, 'for', '10m')),
    ...(intensity !== undefined && { intensity: number(intensity, 'intensity') }),
    ...(extraMs !== undefined && { extraMs: number(extraMs, 'extra_ms') }),
    ...(customer !== undefined && { customer: text(fields, 'customer', undefined) }),
  };
}

function text(fields: Readonly<Record<string, unknown>>, name: string, fallback: string | undefined): string {
  const value = fields[name] ?? fallback;
  if (typeof value !== 'string' || value === '') throw new AppError('bad_request', `the field "${name}" must be a text`);
  return value;
}

function number(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new AppError('bad_request', `the field "${name}" must be a number`);
  return value;
}
