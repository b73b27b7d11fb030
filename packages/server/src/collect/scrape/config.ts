import { formatDurationMs, parseDurationMs } from '@pitot/core';
import { z } from 'zod';
import { relabelConfig } from './relabel-config.ts';
import { unsupportedKeys } from './unsupported-keys.ts';

/** What Pitot takes as a scrape interval: shorter floods a small machine, longer breaks Prometheus' five minute lookback. */
const INTERVAL_BOUNDS_MS = { least: 10_000, most: 300_000 };
const DEFAULT_TIMEOUT_MS = 10_000;
const LABEL_NAME = /^[a-zA-Z_]\w*$/;
const SIZE = /^(\d+(?:\.\d+)?)\s*(|B|KB|KiB|MB|MiB|GB|GiB|TB|TiB)$/;
const SIZE_POWER: Readonly<Record<string, number>> = { '': 0, B: 0, K: 1, M: 2, G: 3, T: 4 };

const durationMs = z.string().transform((text, context): number => {
  try {
    const parsed = parseDurationMs(text);
    if (parsed > 0) return parsed;
  } catch {
    // Said below.
  }
  context.addIssue({ code: 'custom', message: `expected a duration such as 15s or 1m, got "${text}"` });
  return z.NEVER;
});

function intervalWithin(bounds: IntervalBounds) {
  return durationMs.refine((ms) => ms >= bounds.least && ms <= bounds.most, {
    error: `expected between ${formatDurationMs(bounds.least)} and ${formatDurationMs(bounds.most)}, the scrape intervals that Pitot takes`,
  });
}

export interface IntervalBounds {
  readonly least: number;
  readonly most: number;
}

/** Bytes: `10MB`, `512KiB`; as in Prometheus, both are powers of 1024. 0 is no limit. */
const sizeBytes = z.union([z.number().int().nonnegative(), z.string()]).transform((value, context): number => {
  if (typeof value === 'number') return value;
  const match = SIZE.exec(value);
  if (match) return Math.floor(Number(match[1]) * 1024 ** SIZE_POWER[match[2]!.charAt(0)]!);
  context.addIssue({ code: 'custom', message: `expected a size such as 10MB, got "${value}"` });
  return z.NEVER;
});

const limit = z.number().int().nonnegative().default(0).describe('0 is no limit.');
const text = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const labelMap = z.record(z.string().regex(LABEL_NAME, 'expected a label name (letters, digits and _, not starting with a digit)'), text);

const basicAuth = z.preprocess(
  unsupportedKeys({ username_ref: '', password_ref: '' }),
  z
    .strictObject({
      username: z.string().optional(),
      username_file: z.string().optional(),
      password: z.string().optional(),
      password_file: z.string().optional(),
    })
    .refine((auth) => auth.username === undefined || auth.username_file === undefined, { error: 'give username or username_file, not both' })
    .refine((auth) => auth.password === undefined || auth.password_file === undefined, { error: 'give password or password_file, not both' }),
);

const authorization = z.preprocess(
  unsupportedKeys({ credentials_ref: '' }),
  z
    .strictObject({ type: z.string().trim().min(1).default('Bearer'), credentials: z.string().optional(), credentials_file: z.string().optional() })
    .refine((auth) => auth.type.toLowerCase() !== 'basic', { path: ['type'], error: 'use basic_auth for the type "Basic"' })
    .refine((auth) => auth.credentials === undefined || auth.credentials_file === undefined, {
      error: 'give credentials or credentials_file, not both',
    }),
);

const tlsConfig = z.preprocess(
  unsupportedKeys({ ca: 'write it to a file and give ca_file', cert: 'write it to a file and give cert_file', key: 'write it to a file and give key_file' }),
  z
    .strictObject({
      ca_file: z.string().optional(),
      cert_file: z.string().optional(),
      key_file: z.string().optional(),
      server_name: z.string().optional(),
      insecure_skip_verify: z.boolean().default(false),
      min_version: z.enum(['TLS10', 'TLS11', 'TLS12', 'TLS13']).optional(),
      max_version: z.enum(['TLS10', 'TLS11', 'TLS12', 'TLS13']).optional(),
    })
    .refine((tls) => (tls.cert_file === undefined) === (tls.key_file === undefined), { error: 'cert_file and key_file belong together' }),
);

/** Keys of every HTTP client in Prometheus' configuration. */
const httpClientFields = {
  basic_auth: basicAuth.optional(),
  authorization: authorization.optional(),
  tls_config: tlsConfig.optional(),
  follow_redirects: z.boolean().default(true),
  enable_http2: z.boolean().optional().describe('Taken for compatibility: Pitot scrapes over HTTP/1.1 either way, which every target speaks.'),
};
const UNSUPPORTED_CLIENT_KEYS = {
  oauth2: 'use authorization',
  bearer_token: 'use authorization with credentials',
  bearer_token_file: 'use authorization with credentials_file',
  proxy_url: '',
  no_proxy: '',
  proxy_from_environment: '',
  proxy_connect_header: '',
  http_headers: '',
};
const ONE_AUTH = { error: 'give basic_auth or authorization, not both' };

export const staticConfig = z.strictObject({ targets: z.array(z.string().min(1)).default([]), labels: labelMap.default({}) });

const fileSdConfig = z.strictObject({
  files: z
    .array(z.string().regex(/^[^*]*(?:\*[^/]*)?\.(?:json|yml|yaml|JSON|YML|YAML)$/, 'expected a path ending in .json, .yml or .yaml; * only in the file name'))
    .min(1, 'expected at least one path'),
  refresh_interval: durationMs.default(300_000),
});

const httpSdConfig = z.preprocess(
  unsupportedKeys(UNSUPPORTED_CLIENT_KEYS),
  z
    .strictObject({
      url: z.string().refine((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), { error: 'expected a URL starting with http:// or https://' }),
      refresh_interval: durationMs.default(60_000),
      ...httpClientFields,
    })
    .refine((config) => !(config.basic_auth && config.authorization), ONE_AUTH),
);

const OTHER_DISCOVERIES = [
  'azure', 'consul', 'digitalocean', 'dns', 'docker', 'dockerswarm', 'ec2', 'eureka', 'gce', 'hetzner', 'ionos', 'kubernetes', 'kuma', 'lightsail',
  'linode', 'marathon', 'nerve', 'nomad', 'openstack', 'ovhcloud', 'puppetdb', 'scaleway', 'serverset', 'stackit', 'triton', 'uyuni', 'vultr',
];
const UNSUPPORTED_JOB_KEYS = {
  ...UNSUPPORTED_CLIENT_KEYS,
  ...Object.fromEntries(OTHER_DISCOVERIES.map((name) => [`${name}_sd_configs`, 'use static_configs, file_sd_configs or http_sd_configs'])),
  scrape_protocols: 'the best protocol is negotiated with each target',
  fallback_scrape_protocol: 'an unknown content type is read as text 0.0.4',
  scrape_classic_histograms: 'its name is always_scrape_classic_histograms now',
  convert_classic_histograms_to_nhcb: '',
  native_histogram_bucket_limit: '',
  native_histogram_min_bucket_factor: '',
  keep_dropped_targets: 'up to 1,000 dropped targets of a job are shown',
  metric_name_validation_scheme: 'UTF-8 names are always taken',
  metric_name_escaping_scheme: '',
  scrape_failure_log_file: 'failures are in the log and in the targets list',
  extra_scrape_metrics: '',
};
const UNSUPPORTED_GLOBAL_KEYS = {
  evaluation_interval: 'it belongs to rules',
  rule_query_offset: 'it belongs to rules',
  query_log_file: '',
  scrape_failure_log_file: 'failures are in the log and in the targets list',
  scrape_protocols: 'the best protocol is negotiated with each target',
  convert_classic_histograms_to_nhcb: '',
  metric_name_validation_scheme: 'UTF-8 names are always taken',
  metric_name_escaping_scheme: '',
  runtime: '',
  extra_scrape_metrics: '',
};

const limitFields = <Limit extends z.ZodType>(fallback: Limit) => ({
  sample_limit: fallback,
  label_limit: fallback,
  label_name_length_limit: fallback,
  label_value_length_limit: fallback,
  target_limit: fallback,
});

const metricRelabelSteps = z.array(relabelConfig).default([]);

/**
 * Prometheus' `global` and `scrape_configs`. Unknown keys are errors with their path; keys that Prometheus has and Pitot does not support
 * are errors that say so. The interval bounds are wider in tests only.
 */
export function scrapeConfigsWithin(bounds: IntervalBounds) {
  const interval = intervalWithin(bounds);
  const job = z
    .strictObject({
      job_name: z.string().min(1),
      scrape_interval: interval.optional(),
      scrape_timeout: durationMs.optional(),
      metrics_path: z.string().default('/metrics'),
      scheme: z.enum(['http', 'https']).default('http'),
      params: z.record(z.string(), z.array(text)).default({}),
      honor_labels: z.boolean().default(false),
      honor_timestamps: z.boolean().default(true),
      track_timestamps_staleness: z.boolean().default(false),
      enable_compression: z.boolean().default(true),
      scrape_native_histograms: z.boolean().optional().describe('Asks for protobuf, the only form of scraping that has native histograms.'),
      always_scrape_classic_histograms: z.boolean().optional().describe('Takes the classic buckets of a histogram that has native ones, too.'),
      body_size_limit: sizeBytes.optional(),
      ...limitFields(z.number().int().nonnegative().optional()),
      ...httpClientFields,
      static_configs: z.array(staticConfig).default([]),
      file_sd_configs: z.array(fileSdConfig).default([]),
      http_sd_configs: z.array(httpSdConfig).default([]),
      relabel_configs: z.array(relabelConfig).default([]),
      metric_relabel_configs: metricRelabelSteps,
    })
    .refine((config) => !(config.basic_auth && config.authorization), ONE_AUTH)
    .refine((config) => (config.scrape_timeout ?? 0) <= (config.scrape_interval ?? Number.POSITIVE_INFINITY), {
      path: ['scrape_timeout'],
      error: 'expected a scrape_timeout that is not longer than the scrape_interval',
    });
  const global = z
    .strictObject({
      scrape_interval: interval.default(60_000),
      scrape_timeout: durationMs.optional(),
      external_labels: labelMap.default({}).describe('Added to every scraped series that does not have them, as a remote write would.'),
      scrape_native_histograms: z.boolean().default(false),
      always_scrape_classic_histograms: z.boolean().default(false),
      body_size_limit: sizeBytes.default(0),
      ...limitFields(limit),
    })
    .refine((config) => (config.scrape_timeout ?? 0) <= config.scrape_interval, {
      path: ['scrape_timeout'],
      error: 'expected a scrape_timeout that is not longer than the scrape_interval',
    });
  return z.strictObject({
    global: z.preprocess(unsupportedKeys(UNSUPPORTED_GLOBAL_KEYS), global).prefault({}),
    scrape_configs: z
      .array(z.preprocess(unsupportedKeys(UNSUPPORTED_JOB_KEYS), job))
      .default([])
      .superRefine((jobs, context) => {
        const names = new Set<string>();
        jobs.forEach(({ job_name: name }, i) => {
          if (names.has(name)) context.addIssue({ code: 'custom', path: [i, 'job_name'], message: `job_name "${name}" is used twice` });
          names.add(name);
        });
      }),
  });
}

export const scrapeConfigsSchema = scrapeConfigsWithin(INTERVAL_BOUNDS_MS);

export type ScrapeConfigs = z.infer<typeof scrapeConfigsSchema>;
type JobConfig = ScrapeConfigs['scrape_configs'][number];
export type FileSdConfig = z.infer<typeof fileSdConfig>;
export type HttpSdConfig = z.infer<typeof httpSdConfig>;
export type HttpClientConfig = Pick<JobConfig, 'basic_auth' | 'authorization' | 'tls_config' | 'follow_redirects'>;

/** A job with everything it takes over from `global`. Durations in milliseconds; limits of 0 are none. */
export interface ScrapeJob extends JobConfig {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly nativeHistograms: boolean;
  readonly classicHistograms: boolean;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly sampleLimit: number;
  readonly labelLimit: number;
  readonly labelNameLengthLimit: number;
  readonly labelValueLengthLimit: number;
  readonly targetLimit: number;
  readonly bodySizeLimitBytes: number;
}

/** Source of the rule for the timeout: Prometheus `ScrapeConfig.Validate`. */
export function resolveJobs({ global, scrape_configs: jobs }: ScrapeConfigs): ScrapeJob[] {
  const globalTimeoutMs = global.scrape_timeout ?? Math.min(DEFAULT_TIMEOUT_MS, global.scrape_interval);
  return jobs.map((job) => {
    const intervalMs = job.scrape_interval ?? global.scrape_interval;
    return {
      ...job,
      intervalMs,
      timeoutMs: Math.min(job.scrape_timeout ?? globalTimeoutMs, intervalMs),
      nativeHistograms: job.scrape_native_histograms ?? global.scrape_native_histograms,
      classicHistograms: job.always_scrape_classic_histograms ?? global.always_scrape_classic_histograms,
      externalLabels: global.external_labels,
      sampleLimit: job.sample_limit ?? global.sample_limit,
      labelLimit: job.label_limit ?? global.label_limit,
      labelNameLengthLimit: job.label_name_length_limit ?? global.label_name_length_limit,
      labelValueLengthLimit: job.label_value_length_limit ?? global.label_value_length_limit,
      targetLimit: job.target_limit ?? global.target_limit,
      bodySizeLimitBytes: job.body_size_limit ?? global.body_size_limit,
    };
  });
}
