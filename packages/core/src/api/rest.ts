import { z } from 'zod';

/** REST shapes. Field names are snake_case on the wire; times are RFC 3339 in UTC unless a unit is in the name. */

export const errorAnswer = z.object({
  error: z.object({
    code: z.string().describe('One of the codes in docs/errors.md.'),
    message: z.string().describe('What is wrong, where, and what to do.'),
    fields: z.record(z.string(), z.unknown()).describe('Names and values behind the message: limit, value, position.'),
    request_id: z.string(),
  }),
});

export const circuitBreakerState = z.enum(['CLOSED', 'OPEN', 'HALF_OPEN']);

export const healthAnswer = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']).describe('degraded: data is taken but the store is behind or down; unhealthy: doors answer 429/503.'),
  circuit_breaker: circuitBreakerState,
  services: z
    .record(z.string(), z.object({ status: z.enum(['up', 'down', 'starting']), message: z.string() }))
    .describe('clickhouse, postgres and spool.'),
});
export type HealthAnswer = z.infer<typeof healthAnswer>;

export const postedMetric = z.strictObject({
  service_name: z.string().min(1).max(200).describe('Becomes the `job` label.'),
  metric_type: z
    .string()
    .min(1)
    .max(200)
    .describe('The metric, e.g. `cpu_usage_percent`; made a valid Prometheus name if it is not one.'),
  value: z.number().describe('A finite number.'),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}).describe('Each key becomes a label.'),
  timestamp: z.union([z.string(), z.number()]).optional().describe('RFC 3339, or milliseconds since the epoch. Default: now.'),
});
export type PostedMetric = z.infer<typeof postedMetric>;

/** The answer of `POST /metrics`: 200 when all were taken, 202 when some were turned away. */
export const postedMetricsAnswer = z.object({
  accepted: z.number().int(),
  rejected: z.number().int(),
  reasons: z.record(z.string(), z.number().int()).describe('How many were turned away, by reason.'),
  errors: z
    .array(z.object({ index: z.number().int().describe('Position in the request, from 0.'), message: z.string() }))
    .describe('What is wrong with single metrics; at most 100.'),
});

export const storedMetric = z.object({
  service_name: z.string(),
  metric_type: z.string(),
  value: z.number(),
  metadata: z.record(z.string(), z.string()),
  timestamp: z.string(),
});

export const metricsAnswer = z.object({
  metrics: z.array(storedMetric).describe('Newest first.'),
  count: z.number().int().describe('How many are in this answer.'),
  scanned_count: z.number().int().describe('How many series were looked at.'),
});

export const source = z.object({
  receiver: z.string(),
  service: z.string(),
  active_series: z.number().int(),
  samples_total: z.number(),
  samples_per_second: z.number(),
  /** Log records and spans, as samples are. Absent is 0. */
  logs_total: z.number().optional(),
  logs_per_second: z.number().optional(),
  spans_total: z.number().optional(),
  spans_per_second: z.number().optional(),
  first_received: z.string(),
  last_received: z.string(),
});
export const sourcesAnswer = z.object({ sources: z.array(source) });
export type Source = z.infer<typeof source>;
export type SourcesAnswer = z.infer<typeof sourcesAnswer>;

export const authMode = z
  .enum(['loopback', 'required', 'off'])
  .describe('loopback: no login needed because only this machine can reach the server; off: no login by configuration.');
export type AuthMode = z.infer<typeof authMode>;

export const statusAnswer = z.object({
  version: z.string(),
  started: z.string(),
  auth: authMode,
  listeners: z.array(z.object({ name: z.string(), url: z.string() })),
  data_directory: z.string(),
  stores: z.object({
    clickhouse: z.object({ kind: z.enum(['embedded', 'server']), version: z.string() }),
    postgres: z.object({ kind: z.enum(['embedded', 'server']), version: z.string() }),
  }),
  circuit_breaker: circuitBreakerState,
  spool: z.object({
    size_bytes: z.number(),
    limit_bytes: z.number(),
    records: z.number(),
    oldest_age_ms: z.number(),
    last_error: z.string(),
  }),
  active_series: z.number().int(),
  limits: z.record(z.string(), z.number()).describe('The limits in force, by their configuration key.'),
});
export type StatusAnswer = z.infer<typeof statusAnswer>;

export const hostProcess = z.object({
  pid: z.number().int(),
  name: z.string(),
  cpu_percent: z.number().describe('Of one core.'),
  memory_bytes: z.number(),
});

export const host = z.object({
  host_name: z.string(),
  last_seen: z.string(),
  os: z.string(),
  cpu_count: z.number().nullable(),
  cpu_usage_percent: z.number().nullable().describe('Of all cores; null where not reported.'),
  load_1m: z.number().nullable(),
  memory_used_bytes: z.number().nullable(),
  memory_total_bytes: z.number().nullable(),
  disk_used_bytes: z.number().nullable().describe('Of the fullest filesystem.'),
  disk_total_bytes: z.number().nullable(),
  disk_mount: z.string().nullable(),
  network_receive_bytes_per_second: z.number().nullable(),
  network_transmit_bytes_per_second: z.number().nullable(),
  pressure_cpu_percent: z.number().nullable().describe('Linux PSI, some, share of time.'),
  pressure_memory_percent: z.number().nullable(),
  pressure_io_percent: z.number().nullable(),
  uptime_seconds: z.number().nullable(),
  processes: z.array(hostProcess).describe('The busiest, by CPU.'),
});
export const hostsAnswer = z.object({ hosts: z.array(host) });
export type Host = z.infer<typeof host>;
export type HostsAnswer = z.infer<typeof hostsAnswer>;

export const environmentsAnswer = z.object({
  environments: z.array(z.string()).describe('Values of `deployment_environment_name` seen in the last day.'),
});

export const apiScope = z.enum(['ingest', 'read', 'admin']);
export const createKeyRequest = z.strictObject({ name: z.string().min(1).max(100), scopes: z.array(apiScope).min(1) });
export const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  prefix: z.string().describe('First characters, to recognise it by.'),
  scopes: z.array(apiScope),
  created: z.string(),
  last_used: z.string().nullable(),
});
export const createdKeyAnswer = apiKey.extend({ key: z.string().describe('Shown this once.') });
export const keysAnswer = z.object({ keys: z.array(apiKey) });
export type ApiKey = z.infer<typeof apiKey>;

export const sessionAnswer = z.object({
  authenticated: z.boolean(),
  auth: authMode,
  setup_needed: z.boolean().describe('No administrator exists yet; open the link printed at the first start.'),
  user: z.object({ email: z.string(), name: z.string() }).nullable(),
});
export type SessionAnswer = z.infer<typeof sessionAnswer>;

/** `POST /api/v1/session`: log in; answers sessionAnswer and sets the cookie. `DELETE` logs out. */
export const signInRequest = z.strictObject({ email: z.email().max(254), password: z.string().min(1).max(128) });

/** `POST /api/v1/setup`: makes the administrator with the one-time token of the link `/setup?token=…`, and logs in. */
export const setupRequest = z.strictObject({
  token: z.string().min(1).max(200),
  email: z.email().max(254),
  name: z.string().max(100).default(''),
  password: z.string().min(12, 'at least 12 characters').max(128),
});

/** `GET /api/v1/events`: the `data` of the server-sent events `sources` (sourcesAnswer) and `health` (healthAnswer). */
export const EVENT_NAMES = ['sources', 'health'] as const;
