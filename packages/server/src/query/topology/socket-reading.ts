import { labelValue, METRIC_NAME, type LabelMatcher, type Labels, type MetricReader, type ReadBudget } from '@pitot/core';
import type { HostAddress, ListenSocket, SocketFlow } from './evidence.ts';

export interface SocketEvidence {
  readonly flows: readonly SocketFlow[];
  readonly listens: readonly ListenSocket[];
  readonly hostAddresses: readonly HostAddress[];
}

interface SocketRange extends ReadBudget {
  readonly startMs: number;
  readonly endMs: number;
}

interface Found {
  readonly labels: Labels;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** Pieces of the range by which it is told when a flow was there. */
const PIECES = 30;

/** The sockets that hosts reported in the range: gauges `network_flow_connections`, `network_listen_sockets` and `host_network_address_info`. */
export async function readSockets(reader: MetricReader, range: SocketRange): Promise<SocketEvidence> {
  const [flows, listens, addresses] = await Promise.all(['network_flow_connections', 'network_listen_sockets', 'host_network_address_info'].map((name) => find(reader, name, range)));
  return {
    flows: flows!.map(flowOf).filter(({ peerAddress, direction, peerPort, localPort }) => peerAddress !== '' && (direction === 'out' ? peerPort : localPort) > 0),
    listens: listens!.map(({ labels }) => ({ ...ownerOf(labels), localAddress: labelValue(labels, 'local_address'), localPort: portOf(labels, 'local_port'), transport: labelValue(labels, 'network_transport') })),
    hostAddresses: addresses!.map(({ labels }) => ({ host: labelValue(labels, 'host_name'), address: labelValue(labels, 'address') })),
  };
}

async function find(reader: MetricReader, name: string, { startMs, endMs, ...budget }: SocketRange): Promise<Found[]> {
  const matchers: LabelMatcher[] = [{ name: METRIC_NAME, type: '=', value: name }];
  const stepMs = Math.max(60_000, Math.ceil((endMs - startMs) / PIECES));
  const grid = name === 'network_flow_connections' ? await reader.selectGrid?.({ ...budget, matchers, fn: 'present_over_time', startMs: startMs + stepMs, endMs: endMs + stepMs, stepMs, windowMs: stepMs }) : undefined;
  if (grid === undefined) {
    const series = await reader.series({ ...budget, selectors: [matchers], minTimeMs: startMs, maxTimeMs: endMs });
    return series.map((labels) => ({ labels, firstSeenMs: startMs, lastSeenMs: endMs }));
  }
  return grid.labels.flatMap((labels, i) => {
    const present = grid.present.subarray(i * grid.steps, (i + 1) * grid.steps);
    const first = present.indexOf(1);
    return first === -1 ? [] : [{ labels, firstSeenMs: startMs + first * stepMs, lastSeenMs: Math.min(endMs, startMs + (present.lastIndexOf(1) + 1) * stepMs) }];
  });
}

function flowOf({ labels, firstSeenMs, lastSeenMs }: Found): SocketFlow {
  return {
    ...ownerOf(labels),
    direction: labelValue(labels, 'direction') === 'in' ? 'in' : 'out',
    transport: labelValue(labels, 'network_transport'),
    peerAddress: labelValue(labels, 'peer_address'),
    peerPort: portOf(labels, 'peer_port'),
    localPort: portOf(labels, 'local_port'),
    firstSeenMs,
    lastSeenMs,
  };
}

function ownerOf(labels: Labels) {
  return { host: labelValue(labels, 'host_name'), process: labelValue(labels, 'process_executable_name'), container: labelValue(labels, 'container_id'), service: labelValue(labels, 'service_name') };
}

function portOf(labels: Labels, name: string): number {
  const port = Number(labelValue(labels, name));
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : 0;
}
