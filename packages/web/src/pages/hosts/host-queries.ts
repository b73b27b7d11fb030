import type { PanelQuery } from '../../charts/metric-panel.tsx';
import { quote, selector } from '../../url/environment-matcher.ts';
import type { Unit } from '../../units/format.ts';

/** Expressions over the host metrics; their names are documented in `packages/agent/src/host/METRICS.md`. */
export interface HostChart {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly most?: number;
  readonly queries: readonly PanelQuery[];
}

const WINDOW = '1m';
const rate = (series: string): string => `rate(${series}[${WINDOW}])`;

/** The charts of one host. */
export function hostCharts(hostName: string): HostChart[] {
  const host = `host_name=${quote(hostName)}`;
  const of = (metric: string, ...matchers: string[]): string => selector(metric, host, ...matchers);
  const direction = (metric: string, label: string, value: string): string => rate(of(metric, `${label}="${value}"`));
  return [
    {
      id: 'cpu',
      title: 'CPU by mode, of all cores',
      unit: 'percent',
      most: 100,
      queries: [{ expression: `100 * sum by (cpu_mode) (${of('system_cpu_utilization_ratio', 'cpu_mode!="idle"')})`, legend: '{{cpu_mode}}' }],
    },
    {
      id: 'memory',
      title: 'Memory',
      unit: 'bytes',
      queries: [
        { expression: `sum by (system_memory_state) (${of('system_memory_usage_bytes')})`, legend: '{{system_memory_state}}' },
        { expression: `max(${of('system_memory_limit_bytes')})`, legend: 'limit' },
      ],
    },
    {
      id: 'load',
      title: 'Load',
      unit: 'none',
      queries: [
        { expression: `max(${of('system_cpu_load_average_1m')})`, legend: '1 min' },
        { expression: `max(${of('system_cpu_load_average_5m')})`, legend: '5 min' },
        { expression: `max(${of('system_cpu_load_average_15m')})`, legend: '15 min' },
        { expression: `max(${of('system_cpu_logical_count')})`, legend: 'cores' },
      ],
    },
    {
      id: 'pressure',
      title: 'Pressure: share of time in which work waited',
      unit: 'percent',
      queries: [
        {
          expression: `100 * max by (system_pressure_resource) (${of('system_linux_pressure_ratio', 'system_pressure_stall_type="some"')})`,
          legend: '{{system_pressure_resource}}',
        },
      ],
    },
    {
      id: 'disk-use',
      title: 'Disks, used',
      unit: 'percent',
      most: 100,
      queries: [
        {
          expression: `100 * max by (system_filesystem_mountpoint) (${of('system_filesystem_utilization_ratio')})`,
          legend: '{{system_filesystem_mountpoint}}',
        },
      ],
    },
    {
      id: 'disk-traffic',
      title: 'Disk traffic',
      unit: 'bytes_per_second',
      queries: [
        { expression: `sum(${direction('system_disk_io_bytes_total', 'disk_io_direction', 'read')})`, legend: 'read' },
        { expression: `sum(${direction('system_disk_io_bytes_total', 'disk_io_direction', 'write')})`, legend: 'write' },
      ],
    },
    {
      id: 'network',
      title: 'Network',
      unit: 'bytes_per_second',
      queries: [
        { expression: `sum(${direction('system_network_io_bytes_total', 'network_io_direction', 'receive')})`, legend: 'receive' },
        { expression: `sum(${direction('system_network_io_bytes_total', 'network_io_direction', 'transmit')})`, legend: 'transmit' },
      ],
    },
    {
      id: 'processes',
      title: 'Busiest processes, of one core',
      unit: 'percent',
      queries: [
        {
          expression: `100 * sum by (process_executable_name) (${of('process_cpu_utilization_ratio', 'job="pitot/host"')})`,
          legend: '{{process_executable_name}}',
        },
      ],
    },
  ];
}

/** One line per host, for Overview. */
export function fleetCharts(matcher: string): HostChart[] {
  const of = (metric: string, ...matchers: string[]): string => selector(metric, ...matchers, matcher);
  return [
    {
      id: 'fleet-cpu',
      title: 'Processors in use',
      unit: 'percent',
      most: 100,
      queries: [{ expression: `100 * (1 - sum by (host_name) (${of('system_cpu_utilization_ratio', 'cpu_mode=~"idle|iowait"')}))`, legend: '{{host_name}}' }],
    },
    {
      id: 'fleet-memory',
      title: 'Memory in use',
      unit: 'percent',
      most: 100,
      queries: [{ expression: `100 * sum by (host_name) (${of('system_memory_utilization_ratio', 'system_memory_state="used"')})`, legend: '{{host_name}}' }],
    },
  ];
}

/** The worst of all hosts, for Overview's tiles. */
export function fleetQueries(matcher: string): { readonly cpuPercent: string; readonly memoryPercent: string; readonly diskPercent: string } {
  const of = (metric: string, ...matchers: string[]): string => selector(metric, ...matchers, matcher);
  return {
    cpuPercent: `max(100 * (1 - sum by (host_name) (${of('system_cpu_utilization_ratio', 'cpu_mode=~"idle|iowait"')})))`,
    memoryPercent: `max(100 * sum by (host_name) (${of('system_memory_utilization_ratio', 'system_memory_state="used"')}))`,
    diskPercent: `max(100 * ${of('system_filesystem_utilization_ratio', 'system_filesystem_mode="rw"')})`,
  };
}
