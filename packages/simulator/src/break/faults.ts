import { AppError } from '@pitot/core';

export const FAULT_KINDS = ['slow', 'failing', 'leaking', 'dead', 'cut', 'bad-version', 'noisy'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** A wish to break something. */
export interface FaultOrder {
  readonly kind: FaultKind;
  /** A service, store, topic or third party by name; for `cut` two of them as `checkout>payment`. */
  readonly target: string;
  /** Milliseconds since the Unix epoch. */
  readonly startMs: number;
  readonly durationMs: number;
  /**
   * slow and noisy: how many times slower; failing and bad-version: share of requests, 0–1; leaking: how many times the memory fills
   * up within the duration. Without it what `DEFAULT_INTENSITY` says.
   */
  readonly intensity?: number;
  /** slow: milliseconds on top, besides the factor. */
  readonly extraMs?: number;
  /** bad-version: the one customer who suffers. */
  readonly customer?: string;
}

/** A fault with what it must show: the part of the truth that verdicts are checked against. */
export interface FaultRecord {
  readonly id: string;
  readonly kind: FaultKind;
  readonly target: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly intensity: number;
  readonly extraMs: number;
  readonly customer: string;
  /** Node ids, from the cause to those whose users notice. */
  readonly chain: readonly (readonly string[])[];
  /** What should be seen, in one sentence. */
  readonly symptom: string;
  /** Text of the new log lines that name the fault, with `{placeholders}`, and who says them. */
  readonly lines: readonly { readonly service: string; readonly text: string }[];
}

/** See `FaultOrder.intensity`. */
export const DEFAULT_INTENSITY: Readonly<Record<FaultKind, number>> = { slow: 8, failing: 0.4, leaking: 3, dead: 1, cut: 1, 'bad-version': 0.9, noisy: 10 };

/** Reads `slow`, `cut`, …; throws `bad_request` with the list of what there is. */
export function readFaultKind(text: string): FaultKind {
  const kind = FAULT_KINDS.find((known) => known === text);
  if (kind === undefined) throw new AppError('bad_request', `"${text}" is not a kind of fault; there are ${FAULT_KINDS.join(', ')}`);
  return kind;
}
