import ELK from 'elkjs/lib/elk-api.js';
import workerUrl from 'elkjs/lib/elk-worker.min.js?url';
import { fromElk, toElk, type MapLayout } from './map-layout.ts';
import type { MapGraph } from './map-graph.ts';

let engine: InstanceType<typeof ELK> | undefined;

/** Lays a graph out in a worker, so that the page stays usable meanwhile. */
export async function layOut(graph: MapGraph): Promise<MapLayout> {
  engine ??= new ELK({ workerUrl });
  return fromElk(graph, await engine.layout(toElk(graph)));
}
