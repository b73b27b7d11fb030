import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { resolveJobs, scrapeConfigsSchema } from './config.ts';
import { targetsOf } from './target.ts';

function issues(config: object): [string, string][] {
  const result = scrapeConfigsSchema.safeParse(config);
  return (result.error?.issues ?? []).map((issue) => [issue.path.join('.'), issue.message]);
}

const REAL = `
global:
  scrape_interval: 15s
  external_labels: {cluster: c1}
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ['a:9100', 'b:9100']
        labels: {env: prod, rack: 7}
  - job_name: probe
    scrape_interval: 1m
    scrape_timeout: 30s
    metrics_path: /probe
    scheme: https
    params: {module: [http_2xx]}
    tls_config: {insecure_skip_verify: true}
    body_size_limit: 10MB
    static_configs: [{targets: ['https://example.org/x?y=1']}]
    relabel_configs:
      - {source_labels: [__address__], target_label: __param_target}
      - {source_labels: [__param_target], target_label: instance}
      - {target_label: __address__, replacement: 'blackbox:9115'}
`;

describe('scrape_configs', () => {
  it('takes an empty configuration', () => {
    expect(resolveJobs(scrapeConfigsSchema.parse({}))).toEqual([]);
  });

  it('resolves what jobs take over from global', () => {
    const [node, probe] = resolveJobs(scrapeConfigsSchema.parse(parse(REAL)));
    expect(node).toMatchObject({ intervalMs: 15_000, timeoutMs: 10_000, bodySizeLimitBytes: 0, externalLabels: { cluster: 'c1' } });
    expect(probe).toMatchObject({ intervalMs: 60_000, timeoutMs: 30_000, bodySizeLimitBytes: 10_485_760 });
  });

  it('makes targets of it, the blackbox way too', () => {
    const [node, probe] = resolveJobs(scrapeConfigsSchema.parse(parse(REAL)));
    const { targets } = targetsOf(node!, node!.static_configs);
    expect(targets.map(({ url, labels }) => [url, Object.fromEntries(labels)])).toEqual([
      ['http://a:9100/metrics', { job: 'node', instance: 'a:9100', env: 'prod', rack: '7' }],
      ['http://b:9100/metrics', { job: 'node', instance: 'b:9100', env: 'prod', rack: '7' }],
    ]);
    const [blackbox] = targetsOf(probe!, probe!.static_configs).targets;
    expect(blackbox?.url).toBe('https://blackbox:9115/probe?module=http_2xx&target=https%3A%2F%2Fexample.org%2Fx%3Fy%3D1');
    expect(Object.fromEntries(blackbox!.labels)).toEqual({ job: 'probe', instance: 'https://example.org/x?y=1' });
  });

  it('lets relabelling change interval and timeout within the bounds', () => {
    const job = (interval: string) =>
      resolveJobs(scrapeConfigsSchema.parse({ scrape_configs: [{ job_name: 'j', relabel_configs: [{ target_label: '__scrape_interval__', replacement: interval }] }] }))[0]!;
    const groups = [{ targets: ['a:1'], labels: {} }];
    expect(targetsOf(job('30s'), groups).targets[0]).toMatchObject({ intervalMs: 30_000, timeoutMs: 10_000 });
    expect(targetsOf(job('1s'), groups).bad[0]?.problem).toContain('between 10s and 5m');
  });

  it.each([
    [{ scrape_configs: [{ job_name: 'j', scrape_interval: '5s' }] }, 'scrape_configs.0.scrape_interval', 'between 10s and 5m'],
    [{ global: { scrape_interval: '10m' } }, 'global.scrape_interval', 'between 10s and 5m'],
    [{ scrape_configs: [{ job_name: 'j', scrape_interval: 'often' }] }, 'scrape_configs.0.scrape_interval', 'expected a duration'],
    [{ scrape_configs: [{ job_name: 'j', scrape_interval: '10s', scrape_timeout: '20s' }] }, 'scrape_configs.0.scrape_timeout', 'not longer than'],
    [{ scrape_configs: [{ job_name: 'j', kubernetes_sd_configs: [] }] }, 'scrape_configs.0.kubernetes_sd_configs', 'not supported here'],
    [{ scrape_configs: [{ job_name: 'j', oauth2: {} }] }, 'scrape_configs.0.oauth2', 'not supported here: use authorization'],
    [{ global: { evaluation_interval: '15s' } }, 'global.evaluation_interval', 'not supported here'],
    [{ scrape_configs: [{ job_name: 'j', scrape_intervall: '15s' }] }, 'scrape_configs.0', 'scrape_intervall'],
    [{ scrape_configs: [{ job_name: 'j' }, { job_name: 'j' }] }, 'scrape_configs.1.job_name', 'used twice'],
    [{ scrape_configs: [{ job_name: 'j', basic_auth: {}, authorization: {} }] }, 'scrape_configs.0', 'not both'],
    [{ scrape_configs: [{ job_name: 'j', body_size_limit: 'big' }] }, 'scrape_configs.0.body_size_limit', 'such as 10MB'],
    [{ scrape_configs: [{ job_name: 'j', file_sd_configs: [{ files: ['x.txt'] }] }] }, 'scrape_configs.0.file_sd_configs.0.files.0', '.json'],
    [{ scrape_configs: [{ job_name: 'j', relabel_configs: [{ regex: '(', target_label: 'x' }] }] }, 'scrape_configs.0.relabel_configs.0.regex', 'RE2'],
    [{ scrape_configs: [{ job_name: 'j', tls_config: { cert_file: 'a' } }] }, 'scrape_configs.0.tls_config', 'belong together'],
  ])('refuses %j', (config, path, message) => {
    const found = issues(config);
    expect(found.map(([where]) => where)).toContain(path);
    expect(found.map(([, what]) => what).join('\n')).toContain(message);
  });
});
