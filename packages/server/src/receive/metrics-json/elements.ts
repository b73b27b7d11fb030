import { AppError } from '@pitot/core';

/** One posted element, or what is wrong with its line. */
export type Element = { readonly value: unknown } | { readonly problem: string };

export interface Elements {
  readonly elements: readonly Element[];
  /** The body is one object rather than a list. */
  readonly isOne: boolean;
}

/** Splits a body into its elements. Throws `bad_payload` where it is not JSON. */
export function splitBody(body: Uint8Array, isLines: boolean): Elements {
  const text = decoded(body);
  if (text.trim() === '') throw new AppError('bad_payload', 'the body is empty; send an object, an array, or a line per metric');
  if (isLines) return { elements: linesOf(text), isOne: false };
  const value = parsed(text);
  if (Array.isArray(value)) return { elements: value.map((element: unknown) => ({ value: element })), isOne: false };
  return { elements: [{ value }], isOne: true };
}

function linesOf(text: string): Element[] {
  const elements: Element[] = [];
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return;
    try {
      elements.push({ value: JSON.parse(line) as unknown });
    } catch (cause) {
      elements.push({ problem: `line ${i + 1} is not JSON: ${messageOf(cause)}` });
    }
  });
  if (elements.length === 1 && 'problem' in elements[0]!) throw new AppError('bad_payload', elements[0].problem);
  return elements;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad_payload', `the body is not JSON: ${messageOf(cause)}`, { cause });
  }
}

function decoded(body: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new AppError('bad_payload', 'the body is not UTF-8', { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
