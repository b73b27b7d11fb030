export interface ExampleQuery {
  readonly title: string;
  readonly expression: string;
  /** Shown only where this metric exists. */
  readonly needs: string;
}

const EXAMPLES: readonly ExampleQuery[] = [
  { needs: 'up', title: 'Which scrape targets are up', expression: 'up' },
  { needs: 'http_requests_total', title: 'Requests per second by service', expression: 'sum by (job) (rate(http_requests_total[5m]))' },
  {
    needs: 'http_server_request_duration_seconds_bucket',
    title: 'Request duration, 95th percentile by service',
    expression: 'histogram_quantile(0.95, sum by (job, le) (rate(http_server_request_duration_seconds_bucket[5m])))',
  },
  { needs: 'process_resident_memory_bytes', title: 'Memory of each process', expression: 'process_resident_memory_bytes' },
  { needs: 'process_cpu_seconds_total', title: 'Processor use of each process, in cores', expression: 'rate(process_cpu_seconds_total[5m])' },
  { needs: 'target_info', title: 'Which services report through OpenTelemetry', expression: 'count by (job) (target_info)' },
];

const ALWAYS: ExampleQuery = { needs: '', title: 'How many series each metric has', expression: 'topk(10, count by (__name__) ({__name__=~".+"}))' };

/** At most five that the metrics present can answer. */
export function examplesFor(names: readonly string[]): ExampleQuery[] {
  const present = new Set(names);
  return [...EXAMPLES.filter((example) => present.has(example.needs)).slice(0, 4), ALWAYS];
}
