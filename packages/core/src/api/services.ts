import { z } from 'zod';

/** REST shapes of services and the map. `start`, `end` and `environment` as for logs. */

/** Rate, errors, duration over the range asked for. */
export const red = z.object({
  calls: z.number().describe('Requests in the range, upscaled where spans were sampled.'),
  calls_per_second: z.number(),
  errors: z.number(),
  error_ratio: z.number().describe('0–1.'),
  p50_ms: z.number().nullable(),
  p95_ms: z.number().nullable(),
  p99_ms: z.number().nullable(),
});
export type Red = z.infer<typeof red>;

export const serviceHealth = z.enum(['healthy', 'warning', 'critical', 'unknown']);
export type ServiceHealth = z.infer<typeof serviceHealth>;

export const nodeType = z
  .enum(['service', 'database', 'cache', 'queue', 'external', 'function', 'process'])
  .describe('queue: a topic or queue by name; external: a third party, by its address; process: seen only by its sockets.');
export type NodeType = z.infer<typeof nodeType>;

export const serviceSummary = z.object({
  service: z.string(),
  environment: z.string(),
  versions: z.array(z.string()),
  language: z.string().describe('telemetry.sdk.language; empty where unknown.'),
  instances: z.number(),
  health: serviceHealth,
  reason: z.string().describe('Why that health, in one sentence with numbers.'),
  red,
  previous: red.nullable().describe('The same, over the range of the same length before.'),
  calls_trend: z.array(z.number()).describe('At most 60 points over the range, per second.'),
  error_trend: z.array(z.number()).describe('0–1, same points.'),
  last_seen: z.string(),
});
/** `GET /api/v1/services`. */
export const servicesAnswer = z.object({
  services: z.array(serviceSummary).describe('Worst first.'),
  verdict: z
    .object({
      severity: z.enum(['ok', 'warning', 'critical', 'unknown']),
      sentence: z.string().describe('What is broken and what is the likely cause, or that all is well and what was looked at.'),
      symptom: z.string().nullable().describe('The service whose users notice.'),
      cause: z.string().nullable().describe('Node id of the likeliest cause.'),
    })
    .describe('The sentence of the Overview.'),
});
export type ServiceSummary = z.infer<typeof serviceSummary>;
export type ServicesAnswer = z.infer<typeof servicesAnswer>;

/** `GET /api/v1/services/:service`. */
export const serviceAnswer = z.object({
  summary: serviceSummary,
  operations: z.array(z.object({ operation: z.string(), kind: z.string(), red, previous: red.nullable(), share: z.number().describe('Of the service’s time.') })),
  instances: z.array(z.object({ instance: z.string(), host: z.string(), version: z.string(), red, last_seen: z.string() })),
  versions: z.array(z.object({ version: z.string(), red, first_seen: z.string(), last_seen: z.string() })),
  sentence: z.string(),
});
export type ServiceAnswer = z.infer<typeof serviceAnswer>;

export const topologyNode = z.object({
  id: z.string().describe('`<type>:<name>`, e.g. service:cart, queue:orders.'),
  type: nodeType,
  name: z.string(),
  group: z.string().describe('What nodes may be grouped by: service.namespace, else k8s.namespace.name, else empty.'),
  system: z.string().describe('postgresql, redis, kafka, … ; empty for services.'),
  versions: z.array(z.string()),
  health: serviceHealth,
  reason: z.string(),
  red: red.nullable().describe('Of requests it received; null where only sockets or declarations are known.'),
  first_seen: z.string(),
  last_seen: z.string(),
});
export type TopologyNode = z.infer<typeof topologyNode>;

export const evidenceSource = z.enum(['spans', 'sockets', 'declared']);
export const topologyEdge = z.object({
  id: z.string().describe('`<source id>→<target id>`.'),
  source: z.string(),
  target: z.string(),
  protocol: z.string().describe('http, grpc, postgresql, redis, kafka, tcp, …'),
  kind: z.enum(['request', 'publish', 'consume']),
  evidence: z.array(z.object({ source: evidenceSource, detail: z.string(), first_seen: z.string(), last_seen: z.string() })),
  confidence: z.number().describe('0–1: 1 both ends saw it; see docs/service-map.md for the rule.'),
  red: red.nullable().describe('As the caller sees it; null where no span shows it.'),
  versions: z.array(z.object({ source_version: z.string(), target_version: z.string(), calls: z.number() })),
  retries: z.number().describe('Share of calls that repeat a failed one of the same parent, 0–1.'),
  first_seen: z.string(),
  last_seen: z.string(),
});
export type TopologyEdge = z.infer<typeof topologyEdge>;

/** `GET /api/v1/topology`: `focus` (node id) with `depth`; `format` json, mermaid, dot or graphml. */
export const topologyAnswer = z.object({
  nodes: z.array(topologyNode),
  edges: z.array(topologyEdge),
  sentence: z.string(),
  notes: z.array(z.string()).describe('What the map may lack and why, e.g. spans whose parents did not come.'),
});
export type TopologyAnswer = z.infer<typeof topologyAnswer>;

/** `GET /api/v1/topology/changes?from=&to=&window=`: the map of the window before `from` against that before `to`. */
export const topologyChangesAnswer = z.object({
  changes: z.array(
    z.object({
      kind: z.enum(['node_added', 'node_removed', 'edge_added', 'edge_removed', 'version_changed', 'traffic_changed', 'errors_changed', 'latency_changed']),
      id: z.string(),
      sentence: z.string(),
      before: z.number().nullable(),
      after: z.number().nullable(),
    }),
  ),
});
export type TopologyChangesAnswer = z.infer<typeof topologyChangesAnswer>;

/** `GET /api/v1/topology/impact?node=`: blast radius. */
export const impactAnswer = z.object({
  node: z.string(),
  sentence: z.string(),
  affected: z.array(
    z.object({
      node: z.string(),
      traffic_share: z.number().describe('Of the node’s own requests that reach the failed one, 0–1.'),
      calls_per_second: z.number(),
      hops: z.number(),
      paths: z.array(z.array(z.string())).describe('Node ids from the affected one to the failed one; at most three, heaviest first.'),
      is_entry: z.boolean().describe('Users reach it directly.'),
      is_delayed: z.boolean().describe('Every path to the failed one goes over a queue: late rather than failed.'),
    }),
  ),
});
export type ImpactAnswer = z.infer<typeof impactAnswer>;

/** `GET /api/v1/topology/causes?node=`: upstream causes of a symptom. */
export const causesAnswer = z.object({
  node: z.string(),
  sentence: z.string(),
  causes: z.array(
    z.object({
      node: z.string(),
      score: z.number().describe('0–1.'),
      reasons: z.array(z.string()),
      path: z.array(z.string()).describe('Node ids from the symptom to the cause.'),
      began: z.string().nullable(),
      trace_id: z.string().nullable().describe('A trace that shows it.'),
    }),
  ),
});
export type CausesAnswer = z.infer<typeof causesAnswer>;

/** `GET /api/v1/topology/critical-path?node=`: where the time of the node's requests goes, through the system. */
export const systemCriticalPathAnswer = z.object({
  node: z.string(),
  traces: z.number().describe('Traces looked at.'),
  sentence: z.string(),
  steps: z.array(z.object({ node: z.string(), operation: z.string(), share: z.number().describe('Of the critical time, 0–1.'), mean_ms: z.number() })),
});
export type SystemCriticalPathAnswer = z.infer<typeof systemCriticalPathAnswer>;

/** `POST /api/v1/topology/declarations`: Kubernetes manifests (YAML, many documents) or this JSON. Replaces what the same source declared before. */
export const declarationsRequest = z.strictObject({
  source: z.string().min(1).max(200).describe('Who declares, e.g. the repository.'),
  edges: z.array(z.strictObject({ from: z.string().min(1).max(200), to: z.string().min(1).max(200), address: z.string().max(300).default('') })).max(10_000),
});
export const declarationsAnswer = z.object({ source: z.string(), services: z.number(), edges: z.number(), skipped: z.array(z.string()).describe('What could not be understood, and why; at most 100.') });
export type DeclarationsAnswer = z.infer<typeof declarationsAnswer>;

/** `GET /api/v1/topology/declarations`: who declared what. */
export const declarationSourcesAnswer = z.object({
  sources: z.array(z.object({ source: z.string(), services: z.number(), edges: z.number(), updated: z.string() })).describe('By name.'),
});
export type DeclarationSourcesAnswer = z.infer<typeof declarationSourcesAnswer>;
