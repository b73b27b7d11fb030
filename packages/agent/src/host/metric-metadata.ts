import type { MetricMetadata, MetricType } from '@pitot/core';

function describe(metric: string, type: MetricType, unit: string, help: string): MetricMetadata {
  return { metric, type, unit, help };
}

/** Type, unit and help of every metric of the host; METRICS.md is the longer version (a test compares the names). */
export const HOST_METADATA: readonly MetricMetadata[] = [
  describe('system_cpu_time_seconds_total', 'counter', 'seconds', 'Seconds each logical CPU spent on each mode.'),
  describe('system_cpu_utilization_ratio', 'gauge', 'ratio', "Share of all CPUs' time spent in the mode since the last reading."),
  describe('system_cpu_logical_count', 'gauge', '', 'Logical CPUs.'),
  describe('system_cpu_load_average_1m', 'gauge', '', 'Load average over one minute.'),
  describe('system_cpu_load_average_5m', 'gauge', '', 'Load average over five minutes.'),
  describe('system_cpu_load_average_15m', 'gauge', '', 'Load average over fifteen minutes.'),
  describe('system_memory_limit_bytes', 'gauge', 'bytes', "Memory of the machine, or the container's limit."),
  describe('system_memory_usage_bytes', 'gauge', 'bytes', 'Memory by state; the states add up to the limit.'),
  describe('system_memory_utilization_ratio', 'gauge', 'ratio', 'Memory by state as a share of the limit.'),
  describe('system_memory_linux_available_bytes', 'gauge', 'bytes', 'Memory new programs can have without swapping.'),
  describe('system_paging_usage_bytes', 'gauge', 'bytes', 'Swap by state.'),
  describe('system_paging_utilization_ratio', 'gauge', 'ratio', 'Swap by state as a share of the swap.'),
  describe('system_paging_faults_total', 'counter', '', 'Page faults.'),
  describe('system_paging_operations_total', 'counter', '', 'Pages swapped in and out.'),
  describe('system_filesystem_usage_bytes', 'gauge', 'bytes', 'File system space by state; the states add up to the limit.'),
  describe('system_filesystem_utilization_ratio', 'gauge', 'ratio', 'Used share of what ordinary users can have.'),
  describe('system_filesystem_limit_bytes', 'gauge', 'bytes', 'Size of the file system.'),
  describe('system_disk_io_bytes_total', 'counter', 'bytes', 'Disk bytes transferred.'),
  describe('system_disk_operations_total', 'counter', '', 'Disk operations.'),
  describe('system_disk_operation_time_seconds_total', 'counter', 'seconds', 'Sum of the time the operations took.'),
  describe('system_disk_io_time_seconds_total', 'counter', 'seconds', 'Time the disk was busy.'),
  describe('system_network_io_bytes_total', 'counter', 'bytes', 'Bytes received and transmitted.'),
  describe('system_network_packet_count_total', 'counter', '', 'Packets received and transmitted.'),
  describe('system_network_packet_dropped_total', 'counter', '', 'Packets dropped without an error.'),
  describe('system_network_errors_total', 'counter', '', 'Network errors.'),
  describe('system_linux_pressure_ratio', 'gauge', 'ratio', 'Share of time since the last reading in which tasks waited for the resource.'),
  describe('system_linux_pressure_time_seconds_total', 'counter', 'seconds', 'Time in which tasks waited for the resource.'),
  describe('system_process_count', 'gauge', '', 'Processes.'),
  describe('system_process_created_total', 'counter', '', 'Processes and threads started since boot.'),
  describe('system_uptime_seconds', 'gauge', 'seconds', 'Time since boot.'),
  describe('process_cpu_utilization_ratio', 'gauge', 'ratio', 'CPU of one of the busiest processes, of one core.'),
  describe('process_memory_usage_bytes', 'gauge', 'bytes', 'Resident memory of one of the busiest processes.'),
  describe('target_info', 'gauge', '', 'What the host is.'),
];
