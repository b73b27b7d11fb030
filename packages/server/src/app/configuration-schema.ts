import { formatDurationMs, limitsSchema, parseDurationMs } from '@pitot/core';
import { z } from 'zod';
import { scrapeConfigsSchema } from '../collect/scrape/config.ts';
import { logRulesSchema } from '../ingest/log-rules/schema.ts';
import { traceSamplingSchema } from '../store/trace-sampling/sampling-configuration.ts';

interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

const LISTEN = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]*)):(\d{1,5})$/;

/** `host:port`, `[::1]:port` or `:port` (every interface). */
const listenAddress = z.string().transform((text, context): ListenAddress => {
  const match = LISTEN.exec(text);
  const port = Number(match?.[3]);
  if (!match || port > 65_535) {
    context.addIssue({ code: 'custom', message: `expected host:port such as 127.0.0.1:7777, got "${text}"` });
    return z.NEVER;
  }
  return { host: match[1] ?? (match[2] || '0.0.0.0'), port };
});

const listenAddressOrOff = z
  .union([z.literal('off'), z.literal(false)])
  .transform(() => 'off' as const)
  .or(listenAddress);

/** The engine counts expiry in seconds of 32 bits, which end in 2106: a longer retention would expire everything at once. */
const LONGEST_MS = parseDurationMs('50y');

/** A Prometheus duration such as 30d, in milliseconds. */
const duration = (fallback: string, minimumMs: number) =>
  z
    .string()
    .default(fallback)
    .transform((text, context): number => {
      try {
        const durationMs = parseDurationMs(text);
        if (durationMs > LONGEST_MS) {
          context.addIssue({ code: 'custom', message: `expected at most ${formatDurationMs(LONGEST_MS)}, got "${text}"` });
          return z.NEVER;
        }
        if (durationMs >= minimumMs) return durationMs;
        context.addIssue({ code: 'custom', message: `expected at least ${formatDurationMs(minimumMs)}, got "${text}"` });
      } catch {
        context.addIssue({ code: 'custom', message: `expected a duration such as ${fallback}, got "${text}"` });
      }
      return z.NEVER;
    });

const url = (protocols: readonly string[]) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `expected a URL starting with ${protocols.map((p) => `${p}//`).join(' or ')}`,
  });

/** The whole configuration file. Every key has a default, so that an empty file, or none, is a good one. */
export const configurationSchema = z.strictObject({
  listen: listenAddress.prefault('127.0.0.1:7777').describe('Web, REST, Prometheus API, remote write and OTLP/HTTP.'),
  otlp_http_listen: listenAddressOrOff.prefault('127.0.0.1:4318').describe('OTLP/HTTP on its standard port; `off` disables.'),
  otlp_grpc_listen: listenAddressOrOff.prefault('127.0.0.1:4317').describe('OTLP/gRPC on its standard port; `off` disables.'),
  syslog_udp_listen: listenAddressOrOff.prefault('off').describe('Syslog (RFC 5424 and 3164) over UDP, e.g. 127.0.0.1:5514; `off` disables.'),
  syslog_tcp_listen: listenAddressOrOff.prefault('off').describe('Syslog over TCP, with octet counting or lines; `off` disables.'),
  data: z.string().min(1).default('./data').describe('Data directory; one process owns it.'),
  public_names: z
    .array(z.string().min(1))
    .default([])
    .describe('Host names this server answers to besides its listen address, for use behind a proxy.'),
  auth: z
    .enum(['auto', 'required', 'off'])
    .default('auto')
    .describe('auto: no login on loopback, login elsewhere. required: always. off: never (only behind your own proxy).'),
  clickhouse: z
    .strictObject({
      url: url(['http:', 'https:']).optional().describe('A ClickHouse server. Without it the embedded engine is used.'),
      cluster: z.string().regex(/^\w+$/).optional().describe('Cluster name for replicated tables on that server.'),
      memory_bytes: z
        .number()
        .int()
        .min(268_435_456)
        .default(2 * 1024 * 1024 * 1024)
        .describe('Most memory the embedded engine may use, in bytes.'),
      threads: z.number().int().min(1).max(256).optional().describe('Most threads of one query. Default: the cores.'),
    })
    .prefault({}),
  postgres: z
    .strictObject({
      url: url(['postgres:', 'postgresql:']).optional().describe('A PostgreSQL server, 15 or later. Without it the embedded one is used.'),
    })
    .prefault({}),
  retention: z
    .strictObject({
      metrics: duration('30d', 3_600_000).describe('How long samples are kept.'),
      logs: duration('14d', 3_600_000).describe('How long log records are kept.'),
      traces: duration('14d', 3_600_000).describe('How long spans are kept; the metrics made of them stay as long as samples.'),
    })
    .prefault({}),
  logs: logRulesSchema.prefault({}).describe('What happens to log records before they are written; see docs/log-rules.md.'),
  traces: z
    .strictObject({ sampling: traceSamplingSchema.prefault({}).describe('Which whole traces are kept; see docs/span-metrics.md.') })
    .prefault({}),
  host: z
    .strictObject({
      enabled: z.boolean().default(true).describe('Whether this host is looked at.'),
      interval: duration('10s', 1000).describe('How often this host is looked at.'),
    })
    .prefault({})
    .describe('Metrics of the machine Pitot runs on.'),
  limits: limitsSchema.prefault({}).describe('See docs/limits.md.'),
  ...scrapeConfigsSchema.shape,
});

export type Configuration = z.infer<typeof configurationSchema>;
