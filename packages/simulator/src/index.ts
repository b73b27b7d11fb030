export { createSimulation, LIVE, type Detail, type Simulation, type SimulationOptions, type Telemetry } from './run/simulation.ts';
export { DEFAULT_INTENSITY, FAULT_KINDS, type FaultKind, type FaultOrder, type FaultRecord } from './break/faults.ts';
export type { TrueEdge, TrueNode, TrueTemplate, Truth } from './plan/truth.ts';
