import { AppError, type Limits } from '@pitot/core';
import type { OtlpAttributes, OtlpGroup, OtlpLogRecord } from '@pitot/core/otlp-writer';
import { tooManyRecords } from '../body.ts';
import { severityNumberOf } from '../severity.ts';
import type { LokiLabels } from './labels.ts';

/** Where a service's name is looked for, in this order. */
const SERVICE_LABELS = ['service_name', 'service', 'app', 'job'];
const LEVEL_LABELS = ['level', 'severity', 'detected_level', 'severity_text', 'lvl'];
const TRACE_ID_LABELS = ['trace_id', 'traceID', 'traceId', 'traceid'];
const SPAN_ID_LABELS = ['span_id', 'spanID', 'spanId', 'spanid'];
const TRACE_ID = /^(?!0+$)[0-9a-fA-F]{32}$/;
const SPAN_ID = /^(?!0+$)[0-9a-fA-F]{16}$/;

/** Labels that say where a line comes from, under the names that OpenTelemetry gives them. */
const RESOURCE_ATTRIBUTES: Readonly<Record<string, string>> = {
  service_namespace: 'service.namespace',
  service_instance_id: 'service.instance.id',
  namespace: 'k8s.namespace.name',
  k8s_namespace_name: 'k8s.namespace.name',
  pod: 'k8s.pod.name',
  k8s_pod_name: 'k8s.pod.name',
  container: 'k8s.container.name',
  k8s_container_name: 'k8s.container.name',
  node_name: 'k8s.node.name',
  k8s_node_name: 'k8s.node.name',
  cluster: 'k8s.cluster.name',
  k8s_cluster_name: 'k8s.cluster.name',
  host: 'host.name',
  hostname: 'host.name',
  host_name: 'host.name',
  environment: 'deployment.environment.name',
  env: 'deployment.environment.name',
  deployment_environment: 'deployment.environment.name',
  deployment_environment_name: 'deployment.environment.name',
};
/** What says more of the line itself. */
const RECORD_ATTRIBUTES: Readonly<Record<string, string>> = { filename: 'log.file.path' };

/** Counts the streams and lines of a request and stops at `limits.records_per_request`, so that empty ones cost no more than full ones. */
export class RecordBudget {
  readonly #limits: Limits;
  #records: number;
  #holders: number;

  constructor(limits: Limits) {
    this.#limits = limits;
    this.#records = limits.records_per_request;
    this.#holders = limits.records_per_request;
  }

  takeHolder(): void {
    if (--this.#holders < 0) throw tooManyRecords(this.#limits);
  }

  take(): void {
    if (--this.#records < 0) throw tooManyRecords(this.#limits);
  }
}

/** One stream becomes one resource; its lines become log records. */
export class StreamWriter {
  readonly group: OtlpGroup<OtlpLogRecord>;
  readonly #records: OtlpLogRecord[] = [];
  readonly #attributes: OtlpAttributes;
  readonly #level: string | undefined;

  constructor(labels: LokiLabels) {
    const rest = new Map(labels);
    this.#level = takeFirst(rest, LEVEL_LABELS);
    const resource: Record<string, string> = Object.create(null) as Record<string, string>;
    const service = takeFirst(rest, SERVICE_LABELS);
    if (service !== undefined) resource['service.name'] = service;
    const attributes: Record<string, string> = Object.create(null) as Record<string, string>;
    for (const [name, value] of rest) {
      const known = ownOf(RESOURCE_ATTRIBUTES, name);
      if (known !== undefined && resource[known] === undefined) resource[known] = value;
      else attributes[ownOf(RECORD_ATTRIBUTES, name) ?? name] = value;
    }
    this.#attributes = attributes;
    this.group = { resource: { attributes: resource }, records: this.#records };
  }

  /** Adds a line with its structured metadata. */
  add(timeUnixNano: bigint, line: string, metadata: LokiLabels): void {
    const level = this.#level;
    if (metadata.length === 0) {
      this.#records.push({ timeUnixNano, body: line, attributes: this.#attributes, ...severityOf(level) });
      return;
    }
    const rest = new Map(metadata);
    const traceId = takeFirst(rest, TRACE_ID_LABELS, TRACE_ID);
    const spanId = takeFirst(rest, SPAN_ID_LABELS, SPAN_ID);
    const ownLevel = takeFirst(rest, LEVEL_LABELS);
    this.#records.push({
      timeUnixNano,
      body: line,
      attributes: Object.assign(Object.create(null) as Record<string, string>, this.#attributes, Object.fromEntries(rest)),
      ...severityOf(ownLevel ?? level),
      ...(traceId !== undefined && { traceId }),
      ...(spanId !== undefined && { spanId }),
    });
  }
}

function severityOf(level: string | undefined): { severityText?: string; severityNumber?: number } {
  if (level === undefined) return {};
  const severityNumber = severityNumberOf(level);
  return severityNumber === undefined ? { severityText: level } : { severityText: level, severityNumber };
}

/** Takes the first of the names that is there, with a value of the pattern, out of the labels. */
function takeFirst(labels: Map<string, string>, names: readonly string[], pattern: RegExp = /./s): string | undefined {
  const name = names.find((candidate) => pattern.test(labels.get(candidate) ?? ''));
  if (name === undefined) return undefined;
  const value = labels.get(name);
  labels.delete(name);
  return value;
}

function ownOf(names: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(names, name) ? names[name] : undefined;
}

/** A field of Loki's JSON that has another shape. */
export function wrongField(path: string, expected: string): AppError {
  return new AppError('bad_payload', `${path} is not ${expected}`, { fields: { path } });
}
