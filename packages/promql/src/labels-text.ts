import type { Labels } from '@pitot/core';
import { quote } from './literals.ts';

const LEGACY_LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** A label set as Prometheus prints it in messages: `{__name__="up", job="api"}`. */
export function labelsText(labels: Labels): string {
  const parts: string[] = [];
  for (let i = 0; i < labels.length; i += 2) {
    const name = labels[i]!;
    parts.push(`${LEGACY_LABEL.test(name) ? name : quote(name)}=${quote(labels[i + 1]!)}`);
  }
  return `{${parts.join(', ')}}`;
}
