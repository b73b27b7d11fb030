import type { CausesAnswer, DeclarationsAnswer, DeclarationSourcesAnswer, ImpactAnswer, SystemCriticalPathAnswer, TopologyAnswer, TopologyChangesAnswer } from '@pitot/core';
import type { Declaration } from './kubernetes-declaration.ts';

/** What to look at: `startMs` inclusive, `endMs` exclusive, milliseconds since the epoch. */
export interface MapRange {
  readonly startMs: number;
  readonly endMs: number;
  /** Value of `deployment.environment.name`; every environment where absent. */
  readonly environment?: string;
}

/** The map, or the part of it within `depth` hops of `focus` (a node id) in either direction. */
export interface MapQuestion extends MapRange {
  readonly focus?: string;
  /** Default 1. Only looked at with `focus`. */
  readonly depth?: number;
}

export interface NodeQuestion extends MapRange {
  /** A node's id, `<type>:<name>`. */
  readonly node: string;
}

/** The windows of `windowMs` before `fromMs` and before `toMs` are compared. */
export interface ChangesQuestion {
  readonly fromMs: number;
  readonly toMs: number;
  readonly windowMs: number;
  readonly environment?: string;
}

/**
 * Questions about the map of services (docs/service-map.md). All throw what the stores throw (`query_timeout`, `query_too_large`,
 * `canceled`, `store_unavailable`); those about one node throw `not_found` where the map has no such node in the range.
 */
export interface TopologyQueries {
  map(question: MapQuestion, signal?: AbortSignal): Promise<TopologyAnswer>;
  changes(question: ChangesQuestion, signal?: AbortSignal): Promise<TopologyChangesAnswer>;
  impact(question: NodeQuestion, signal?: AbortSignal): Promise<ImpactAnswer>;
  causes(question: NodeQuestion, signal?: AbortSignal): Promise<CausesAnswer>;
  criticalPath(question: NodeQuestion, signal?: AbortSignal): Promise<SystemCriticalPathAnswer>;
  /** Replaces what the same source declared before. */
  declare(declaration: Declaration): Promise<DeclarationsAnswer>;
  declarations(): Promise<DeclarationSourcesAnswer>;
  /** Forgets what a source declared. Throws `not_found` where it declared nothing. */
  removeDeclarations(source: string): Promise<void>;
}
