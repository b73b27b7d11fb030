/**
 * Writes the tables of docs/configuration.md, docs/limits.md and docs/errors.md from the schemas that validate.
 *
 *   node scripts/reference-docs.ts           writes
 *   node scripts/reference-docs.ts --check   fails where a file is not what would be written (part of `npm test`)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { ERROR_CODES, HTTP_STATUS, limitsSchema, REJECT_REASONS } from '../packages/core/src/index.ts';
import { ENVIRONMENT_VARIABLES } from '../packages/server/src/app/configuration.ts';
import { configurationSchema } from '../packages/server/src/app/configuration-schema.ts';

interface Described {
  readonly description?: string;
  readonly shape?: Readonly<Record<string, Described>>;
  readonly def?: { readonly innerType?: Described; readonly defaultValue?: unknown; readonly in?: Described };
}

/** Strips defaults and optionals down to the schema that has a shape, keeping the outermost description and default. */
function unwrap(schema: Described): { description: string; fallback: unknown; shape: Described['shape'] } {
  let description = schema.description;
  let fallback: unknown;
  let inner: Described = schema;
  while (!inner.shape) {
    description ??= inner.description;
    fallback ??= inner.def?.defaultValue;
    const next: Described | undefined = inner.def?.innerType ?? inner.def?.in;
    if (!next) break;
    inner = next;
  }
  return { description: description ?? inner.description ?? '', fallback, shape: inner.shape };
}

function rows(shape: Readonly<Record<string, Described>>, prefix = ''): string[] {
  return Object.entries(shape).flatMap(([key, schema]) => {
    const { description, fallback, shape: children } = unwrap(schema);
    if (children && key !== 'global') {
      return key === 'limits' ? [row([`\`${prefix}limits\``, '', 'See [limits.md](limits.md).'])] : rows(children, `${prefix}${key}.`);
    }
    const shown = fallback === undefined || typeof fallback === 'object' ? '' : `\`${String(fallback)}\``;
    return [row([`\`${prefix}${key}\``, shown, description || (PROMETHEUS_SECTIONS[key] ?? '')])];
  });
}

const PROMETHEUS_SECTIONS: Readonly<Record<string, string>> = {
  global: "Prometheus' `global` section: scrape_interval, scrape_timeout, external_labels and limits.",
  scrape_configs: "Prometheus' `scrape_configs`; see below.",
};

const row = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
const table = (head: readonly string[], body: readonly string[]) => [row(head), row(head.map(() => '---')), ...body].join('\n');

const environment = table(
  ['variable', 'configuration key', 'what it is'],
  Object.entries(ENVIRONMENT_VARIABLES).map(([name, { path, summary }]) => row([`\`${name}\``, path.length > 0 ? `\`${path.join('.')}\`` : '', summary])),
);
const keys = table(['key', 'default', 'what it is'], rows(configurationSchema.shape as unknown as Record<string, Described>));
const limits = table(
  ['key', 'default', 'what it limits'],
  rows(limitsSchema.shape as unknown as Record<string, Described>, 'limits.'),
);
const errors = table(
  ['code', 'HTTP status', 'meaning'],
  Object.entries(ERROR_CODES).map(([code, [kind, meaning]]) => row([`\`${code}\``, String(HTTP_STATUS[kind]), meaning])),
);
const reasons = table(['reason', 'meaning'], Object.entries(REJECT_REASONS).map(([reason, meaning]) => row([`\`${reason}\``, meaning])));

const FILES: Readonly<Record<string, string>> = {
  'docs/configuration.md': `# Configuration

Pitot needs none. What you want otherwise goes into one YAML file (\`pitot.yaml\` in the working directory, or the file that
\`PITOT_CONFIG\` names) or into the environment; the environment wins. A wrong key or value stops the start and says file, line and what was
expected. A misspelt \`PITOT_…\` variable is told at the start.

## Environment

${environment}

## Keys

${keys}

\`global\` and \`scrape_configs\` are Prometheus' own sections and can be pasted from a \`prometheus.yml\`; a key that Prometheus knows and
Pitot does not support is refused by name, never ignored.

## Example

\`\`\`yaml
listen: 127.0.0.1:7777
retention:
  metrics: 90d
limits:
  active_series: 5000000
scrape_configs:
  - job_name: node
    scrape_interval: 15s
    static_configs:
      - targets: ['10.0.0.5:9100']
\`\`\`
`,
  'docs/limits.md': `# Limits

Every door has limits. An answer that a limit causes names the limit, its value and the key that raises it, and the count is in
Pitot's own metrics (\`pitot_ingest_rejected_total{reason}\`).

${limits}

## What is turned away sample by sample

A request can be taken in part. The answer says how many were rejected and why; these are the reasons.

${reasons}
`,
  'docs/errors.md': `# Errors

Every error answer of Pitot's own REST has this shape; the Prometheus API answers in Prometheus' form, and OTLP in OTLP's.

\`\`\`json
{"error": {"code": "body_too_large", "message": "…", "fields": {}, "request_id": "…"}}
\`\`\`

${errors}
`,
};

let stale = 0;
for (const [file, text] of Object.entries(FILES)) {
  if (process.argv.includes('--check')) {
    let current = '';
    try {
      current = readFileSync(file, 'utf8');
    } catch {
      // A missing file is a stale one.
    }
    if (current === text) continue;
    console.error(`${file} is not what the schemas say; write it with: node scripts/reference-docs.ts`);
    stale++;
  } else {
    writeFileSync(file, text);
  }
}
process.exit(stale > 0 ? 1 : 0);
