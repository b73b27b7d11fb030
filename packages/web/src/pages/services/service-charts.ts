import type { PanelQuery } from '../../charts/metric-panel.tsx';
import { quote, selector } from '../../url/environment-matcher.ts';
import type { Unit } from '../../units/format.ts';

export interface ServiceChart {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly most?: number;
  readonly queries: readonly PanelQuery[];
}

const CALLS = 'traces_span_metrics_calls_total';
const DURATION = 'traces_span_metrics_duration_seconds_bucket';
/** Requests that a service answers, and messages that it takes; what it asks of others counts there. */
const ANSWERED = 'span_kind=~"SPAN_KIND_SERVER|SPAN_KIND_CONSUMER"';
const FAILED = 'status_code="STATUS_CODE_ERROR"';
const WINDOW = '1m';

/** Rate, errors and duration of a service, over the metrics that are made of spans; see docs/span-metrics.md. */
export function serviceCharts(service: string, matcher: string): ServiceChart[] {
  const of = (metric: string, ...matchers: string[]): string => `rate(${selector(metric, `service_name=${quote(service)}`, ANSWERED, ...matchers, matcher)}[${WINDOW}])`;
  const quantile = (share: number): string => `histogram_quantile(${share}, sum by (le) (${of(DURATION)}))`;
  return [
    { id: 'rate', title: 'Requests by operation', unit: 'per_second', queries: [{ expression: `topk(7, sum by (span_name) (${of(CALLS)}))`, legend: '{{span_name}}' }] },
    {
      id: 'errors',
      title: 'Errors, of all requests',
      unit: 'percent',
      queries: [{ expression: `100 * (sum(${of(CALLS, FAILED)}) or vector(0)) / sum(${of(CALLS)})`, legend: 'failed' }],
    },
    {
      id: 'duration',
      title: 'Duration',
      unit: 'seconds',
      queries: [
        { expression: quantile(0.99), legend: 'p99' },
        { expression: quantile(0.95), legend: 'p95' },
        { expression: quantile(0.5), legend: 'p50' },
      ],
    },
  ];
}

/** The 95th percentile in seconds, for the tile's trend. */
export function p95Expression(service: string, matcher: string): string {
  return serviceCharts(service, matcher)[2]!.queries[1]!.expression;
}
