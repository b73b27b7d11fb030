import { labelsFromPairs, METRIC_NAME, type Labels } from '@pitot/core';
import type { WireReader } from '@pitot/core/protobuf-wire';
import { addAttribute, type Attribute } from './attributes.ts';
import { labelName } from './naming.ts';

/**
 * Resource attributes that become labels of every series. The second name is the attribute's former one; both fill one label, so that
 * there is one list of environments.
 */
const PROMOTED: readonly (readonly [attribute: string, label: string])[] = [
  ['deployment.environment.name', 'deployment_environment_name'],
  ['deployment.environment', 'deployment_environment_name'],
];
const IDENTIFYING: readonly string[] = ['service.name', 'service.namespace', 'service.instance.id'];

/** What sent the points: the labels it gives to all its series, and its target_info. */
export interface Resource {
  /** False where an attribute is not UTF-8: its points are turned away. */
  readonly valid: boolean;
  readonly promoted: readonly Attribute[];
  /** `job` and `instance`, which win over attributes of these names. */
  readonly identity: readonly Attribute[];
  /** The labels of target_info; undefined where Prometheus would not write one. */
  readonly targetInfo: Labels | undefined;
  /** Time of the target_info sample written last. */
  targetInfoWrittenMs: number;
}

/** Reads one `Resource`. Source: opentelemetry-proto resource/v1/resource.proto. */
export function readResource(reader: WireReader, end: number): Resource {
  const attributes: Attribute[] = [];
  let valid = true;
  while (reader.position < end) {
    const tag = reader.tag(end);
    if (tag === 0x0a) valid = addAttribute(reader, reader.length(end), attributes) && valid;
    else reader.skip(tag, end);
  }
  const values = new Map(attributes);
  const promoted: Attribute[] = [];
  for (const [attribute, label] of PROMOTED) {
    const value = values.get(attribute);
    if (value !== undefined && !promoted.some(([name]) => name === label)) promoted.push([label, value]);
  }
  const identity = identityOf(values);
  return { valid, promoted, identity, targetInfo: targetInfoOf(attributes, identity), targetInfoWrittenMs: Number.NEGATIVE_INFINITY };
}

function identityOf(values: ReadonlyMap<string, string>): Attribute[] {
  const identity: Attribute[] = [];
  const service = values.get('service.name');
  const namespace = values.get('service.namespace');
  const instance = values.get('service.instance.id');
  if (service !== undefined) identity.push(['job', namespace === undefined ? service : `${namespace}/${service}`]);
  if (instance !== undefined) identity.push(['instance', instance]);
  return identity;
}

/** Only what job and instance do not say already, and only where at least one of them can be joined on. */
function targetInfoOf(attributes: readonly Attribute[], identity: readonly Attribute[]): Labels | undefined {
  const rest = attributes.filter(([key]) => !IDENTIFYING.includes(key));
  if (rest.length === 0 || identity.length === 0) return undefined;
  return labelsFromPairs([...sanitized(rest), ...identity, [METRIC_NAME, 'target_info']]);
}

/** The labels of a point of this resource. `extra` are labels that the data model itself gives: the name, `le`, `quantile`. */
export function pointLabels(resource: Resource, attributes: readonly Attribute[], extra: readonly Attribute[]): Labels {
  const labels = sanitized(attributes);
  for (const [name, value] of resource.promoted) if (!labels.has(name)) labels.set(name, value);
  return labelsFromPairs([...labels, ...resource.identity, ...extra]);
}

/** Attributes whose names become the same label are joined with `;`, in the order of their names. */
function sanitized(attributes: readonly Attribute[]): Map<string, string> {
  const labels = new Map<string, string>();
  const ordered = attributes.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [key, value] of ordered) {
    const name = labelName(key);
    if (name === '') continue;
    const before = labels.get(name);
    labels.set(name, before === undefined ? value : `${before};${value}`);
  }
  return labels;
}
