import { AppError } from '@pitot/core';
import { parsedJson } from '../body.ts';
import type { LokiLabels } from './labels.ts';
import type { PushListener } from './push-request.ts';
import { wrongField, type RecordBudget } from './streams.ts';

const NANOSECONDS = /^\d{1,19}$/;

/** Reads Loki's JSON push: `{"streams": [{"stream": {…}, "values": [["<ns>", "<line>", {…}]]}]}`. Throws `bad_payload` with the field's path. */
export function readPushJson(body: Uint8Array, budget: RecordBudget, listener: PushListener): void {
  const value = parsedJson(body);
  if (!isObject(value)) throw new AppError('bad_payload', 'the body is not an object; send {"streams": [{"stream": {…}, "values": [["<nanoseconds>", "<line>"]]}]}');
  arrayOf(value['streams'], 'streams').forEach((stream, i) => {
    budget.takeHolder();
    const path = `streams[${i}]`;
    if (!isObject(stream)) throw wrongField(path, 'an object');
    listener.stream(labelsOf(stream['stream'], `${path}.stream`));
    arrayOf(stream['values'], `${path}.values`).forEach((entry, k) => {
      budget.take();
      readEntry(entry, `${path}.values[${k}]`, listener);
    });
  });
}

function readEntry(entry: unknown, path: string, listener: PushListener): void {
  if (!Array.isArray(entry)) throw wrongField(path, 'an array of time and line');
  const [time, line, metadata] = entry as unknown[];
  if (typeof time !== 'string' || !NANOSECONDS.test(time)) throw wrongField(`${path}[0]`, 'a string of nanoseconds since 1970');
  if (typeof line !== 'string') throw wrongField(`${path}[1]`, 'a string');
  listener.line(BigInt(time), line, metadata === undefined || metadata === null ? [] : labelsOf(metadata, `${path}[2]`));
}

function labelsOf(value: unknown, path: string): LokiLabels {
  if (!isObject(value)) throw wrongField(path, 'an object of strings');
  return Object.entries(value).map(([name, content]) => {
    if (typeof content !== 'string') throw wrongField(`${path}.${name}`, 'a string');
    return [name, content];
  });
}

function arrayOf(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongField(path, 'an array');
  return value;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
