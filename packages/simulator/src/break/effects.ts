import type { FaultRecord } from './faults.ts';

/** What the faults of a node do at a moment. All times are microseconds since the Unix epoch. */

const RESTART_MS = 15_000;
/** From this share of the memory on, collecting garbage takes the time of the requests. */
const PRESSURE_FROM = 0.7;

export interface Slowdown {
  readonly factor: number;
  readonly extraMs: number;
  readonly fault: FaultRecord | undefined;
}

const UNHURT: Slowdown = { factor: 1, extraMs: 0, fault: undefined };

const isActive = (fault: FaultRecord, timeUs: number): boolean => timeUs >= fault.startMs * 1000 && timeUs < fault.endMs * 1000;

/** How much slower a node is itself. */
export function slowdown(faults: readonly FaultRecord[], timeUs: number): Slowdown {
  if (faults.length === 0) return UNHURT;
  let { factor, extraMs, fault: cause } = UNHURT;
  for (const fault of faults) {
    if (!isActive(fault, timeUs)) continue;
    if (fault.kind === 'slow' || fault.kind === 'noisy') {
      factor *= fault.intensity;
      extraMs += fault.extraMs;
      cause = fault;
    } else if (fault.kind === 'leaking') {
      const pressure = Math.max(0, memoryFill(fault, timeUs, 0) - PRESSURE_FROM) / (1 - PRESSURE_FROM);
      if (pressure > 0) cause = fault;
      factor *= 1 + 5 * pressure;
    }
  }
  return { factor, extraMs, fault: cause };
}

/** The active fault of a kind, if there is one. */
export function activeFault(faults: readonly FaultRecord[], kind: FaultRecord['kind'], timeUs: number): FaultRecord | undefined {
  return faults.length === 0 ? undefined : faults.find((fault) => fault.kind === kind && isActive(fault, timeUs));
}

/** Nobody answers at its address. */
export const isDown = (faults: readonly FaultRecord[], timeUs: number): boolean => activeFault(faults, 'dead', timeUs) !== undefined;

/** How full the memory of copy `index` is between its usual level (0) and its limit (1); the copies are out of step. */
export function memoryFill(fault: FaultRecord, timeUs: number, index: number): number {
  return leakCycle(fault, timeUs, index) % 1;
}

/** Whether copy `index` was just killed for its memory and has not come back yet. */
export function isRestarting(fault: FaultRecord, timeUs: number, index: number): boolean {
  const cycle = leakCycle(fault, timeUs, index);
  return cycle >= 1 && (cycle % 1) * cycleMs(fault) < RESTART_MS;
}

/** How many times copy `index` was killed so far. */
export const killsSoFar = (fault: FaultRecord, timeUs: number, index: number): number => Math.floor(leakCycle(fault, timeUs, index));

function leakCycle(fault: FaultRecord, timeUs: number, index: number): number {
  const sinceMs = timeUs / 1000 - fault.startMs;
  return Math.max(0, sinceMs / cycleMs(fault) - index * 0.07);
}

const cycleMs = (fault: FaultRecord): number => (fault.endMs - fault.startMs) / fault.intensity;
