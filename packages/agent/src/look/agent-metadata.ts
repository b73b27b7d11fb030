import type { MetricMetadata, MetricType } from '@pitot/core';

const describe = (metric: string, type: MetricType, unit: string, help: string): MetricMetadata => ({ metric, type, unit, help });

/** What the agent sends besides the metrics of the host; docs/agent.md is the longer version. */
export const AGENT_METADATA: readonly MetricMetadata[] = [
  describe('container_cpu_time_seconds_total', 'counter', 'seconds', 'CPU time of a container.'),
  describe('container_memory_usage_bytes', 'gauge', 'bytes', 'Memory of a container.'),
  describe('container_memory_limit_bytes', 'gauge', 'bytes', 'Memory limit of a container; no series where it has none.'),
  describe('container_process_count', 'gauge', '', 'Processes of a container.'),
  describe('network_flow_connections', 'gauge', '', 'Open connections of a process to a peer, as the kernel lists them.'),
  describe('network_listen_sockets', 'gauge', '', 'Sockets on which a process takes connections.'),
  describe('host_network_address_info', 'gauge', '', 'An address of this host; always 1.'),
  describe('pitot_agent_unreadable_processes', 'gauge', '', 'Processes of other users, whose sockets cannot be told apart.'),
  describe('pitot_agent_flows_left_out', 'gauge', '', 'Flows above the limit of one round.'),
  describe('pitot_agent_dropped_batches_total', 'counter', '', 'Batches that went because too much waited for the server, or that it refused.'),
  describe('pitot_agent_outbox_bytes', 'gauge', 'bytes', 'What waits on disk for the server.'),
];
