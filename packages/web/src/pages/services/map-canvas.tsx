import '@xyflow/react/dist/base.css';
import { Controls, MiniMap, ReactFlow, ReactFlowProvider, useReactFlow, useStore, type Node } from '@xyflow/react';
import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import { MapDeedsContext } from './map-deeds.ts';
import { EdgeLabels, MapEdge, type MapEdgeData } from './map-edge.tsx';
import { frameId, type GraphEdge, type GraphNode, type MapGraph } from './map-graph.ts';
import { nodeTowards, type Direction, type MapLayout } from './map-layout.ts';
import { MapFrame, MapNode, type MapFrameData, type MapNodeData } from './map-node.tsx';
import { toneOf } from './health.ts';

interface MapCanvasProps {
  readonly graph: MapGraph;
  readonly layout: MapLayout;
  /** When this changes, the whole map is brought into view; a refresh must not change it. */
  readonly viewKey: string;
  readonly selected: string | undefined;
  /** Ids of the nodes that the search found; undefined where nothing is searched for. */
  readonly found: ReadonlySet<string> | undefined;
  readonly onSelect: (id: string | undefined) => void;
  readonly onFold: (group: string) => void;
}

const NODE_TYPES = { thing: MapNode, frame: MapFrame };
const EDGE_TYPES = { call: MapEdge };
const ARROWS: Readonly<Record<string, Direction>> = { ArrowLeft: 'left', ArrowRight: 'right', ArrowUp: 'up', ArrowDown: 'down' };
/** Only what can be seen is drawn above this many nodes. */
const MANY_NODES = 150;
/** From farther away than this figures cannot be read, and names take their room. */
const FAR_ZOOM = 0.6;
/** Below stand the legend and the small map. */
const FIT = { padding: { top: '14px', left: '14px', right: '14px', bottom: '56px' }, maxZoom: 1.15, minZoom: 0.1 } as const;

/** The drawn map. Nothing on it moves but by the reader's hand. */
export function MapCanvas(props: MapCanvasProps) {
  return (
    <ReactFlowProvider>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ graph, layout, viewKey, selected, found, onSelect, onFold }: MapCanvasProps) {
  const [hovered, setHovered] = useState<GraphEdge | undefined>(undefined);
  const flow = useReactFlow();
  const isFar = useStore(({ transform }) => transform[2] < FAR_ZOOM);
  const frame = useRef<HTMLDivElement>(null);
  const near = useMemo(() => graph.edges.filter(({ source, target }) => source === selected || target === selected), [graph, selected]);
  const nodes = useMemo(() => drawnNodes(graph, layout, selected, found, near), [graph, layout, selected, found, near]);
  const edges = useMemo(() => drawnEdges(graph, layout, selected, found, near), [graph, layout, selected, found, near]);

  const act = useRef({ onSelect, onFold });
  useEffect(() => {
    act.current = { onSelect, onFold };
  });
  const deeds = useMemo(
    () => ({
      open: (node: GraphNode) => (node.folded === undefined ? act.current.onSelect(node.id) : act.current.onFold(node.folded.name)),
      fold: (group: string) => act.current.onFold(group),
      hover: setHovered,
    }),
    [],
  );

  // The first time it fits itself.
  const fitted = useRef(viewKey);
  useEffect(() => {
    if (fitted.current === viewKey) return;
    fitted.current = viewKey;
    void flow.fitView(FIT);
  }, [flow, viewKey]);

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const direction = ARROWS[event.key];
    const from = (event.target as HTMLElement).dataset['node'];
    if (direction === undefined || from === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const to = nodeTowards(graph, layout, from, direction);
    const box = to === undefined ? undefined : layout.boxes[to];
    if (to === undefined || box === undefined) return;
    const focus = (): void => frame.current?.querySelector<HTMLElement>(`[data-node="${CSS.escape(to)}"]`)?.focus({ preventScroll: true });
    focus();
    if (isInView(box, flow.getViewport(), frame.current)) return;
    void flow.setCenter(box.x + box.width / 2, box.y + box.height / 2, { zoom: flow.getZoom() }).then(focus);
  };

  const labelled = hovered === undefined || near.includes(hovered) ? near : [...near, hovered];
  return (
    <MapDeedsContext value={deeds}>
      <div className="map-canvas" data-far={isFar} ref={frame} onKeyDownCapture={onKeyDown}>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          edgesFocusable={false}
          elementsSelectable={false}
          disableKeyboardA11y
          deleteKeyCode={null}
          onlyRenderVisibleElements={graph.nodes.length > MANY_NODES}
          minZoom={0.08}
          maxZoom={2}
          fitView
          fitViewOptions={FIT}
          onPaneClick={() => onSelect(undefined)}
          attributionPosition="top-right"
          aria-label="Map of services"
        >
          <Controls showInteractive={false} position="bottom-left" fitViewOptions={FIT} />
          <MiniMap pannable zoomable position="bottom-right" ariaLabel="Small map" nodeColor={miniColour} nodeStrokeWidth={0} nodeBorderRadius={8} style={{ width: 150, height: 96 }} />
          <EdgeLabels edges={labelled} layout={layout} />
        </ReactFlow>
      </div>
    </MapDeedsContext>
  );
}

const MINI_COLOURS: Readonly<Record<string, string>> = { ok: 'var(--edge)', none: 'var(--line-strong)', warn: 'var(--warn)', bad: 'var(--bad)' };

function miniColour(node: Node): string {
  if (node.type === 'frame') return 'var(--raised)';
  const { shown } = (node as MapNodeData).data;
  return MINI_COLOURS[toneOf(shown.node?.health ?? shown.folded?.health ?? 'unknown')] ?? 'var(--edge)';
}

function isInView(box: { x: number; y: number; width: number; height: number }, { x, y, zoom }: { x: number; y: number; zoom: number }, frame: HTMLElement | null): boolean {
  if (frame === null) return true;
  const [left, top] = [box.x * zoom + x, box.y * zoom + y];
  return left >= 0 && top >= 0 && left + box.width * zoom <= frame.clientWidth && top + box.height * zoom <= frame.clientHeight;
}

function drawnNodes(graph: MapGraph, layout: MapLayout, selected: string | undefined, found: ReadonlySet<string> | undefined, near: readonly GraphEdge[]): (MapNodeData | MapFrameData)[] {
  const drawn: (MapNodeData | MapFrameData)[] = [];
  for (const { id, name, size } of graph.frames) {
    const box = layout.boxes[frameId(name)];
    if (box !== undefined) drawn.push({ id, type: 'frame', position: { x: box.x, y: box.y }, width: box.width, height: box.height, zIndex: -1, data: { name, size } });
  }
  const isSelectedHere = graph.nodes.some(({ id }) => id === selected);
  const beside = new Set(near.flatMap(({ source, target }) => [source, target]));
  const entrance = isSelectedHere ? selected : graph.nodes.find(({ id }) => layout.boxes[id] !== undefined)?.id;
  for (const shown of graph.nodes) {
    const box = layout.boxes[shown.id];
    if (box === undefined) continue;
    const isSelected = shown.id === selected;
    const isFound = found?.has(shown.id) ?? false;
    const isDimmed = found === undefined ? isSelectedHere && !isSelected && !beside.has(shown.id) : !isFound;
    drawn.push({
      id: shown.id,
      type: 'thing',
      position: { x: box.x, y: box.y },
      width: box.width,
      height: box.height,
      data: { shown, state: { isSelected, isDimmed, isFound, isEntrance: shown.id === entrance } },
    });
  }
  return drawn;
}

function drawnEdges(graph: MapGraph, layout: MapLayout, selected: string | undefined, found: ReadonlySet<string> | undefined, near: readonly GraphEdge[]): MapEdgeData[] {
  const isSelectedHere = graph.nodes.some(({ id }) => id === selected);
  const nearIds = new Set(near.map(({ id }) => id));
  return graph.edges.flatMap((shown): MapEdgeData[] => {
    const route = layout.routes[shown.id];
    if (route === undefined) return [];
    const isNear = nearIds.has(shown.id);
    const isDimmed = found === undefined ? isSelectedHere && !isNear : !(found.has(shown.source) && found.has(shown.target));
    return [{ id: shown.id, type: 'call', source: shown.source, target: shown.target, zIndex: isNear ? 1 : 0, data: { shown, route, isNear, isDimmed } }];
  });
}
