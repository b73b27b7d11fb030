import type { GroupComparisonAnswer } from '@pitot/core';
import type { SearchNode } from '@pitot/core/search';
import { fisherGreater, holmCorrected, riskRatioLowerEnd, shareDifferenceLowerEnd } from '@pitot/maths';
import type { GroupCounts, ValueCount } from '../../store/traces/group-reading.ts';

/** Found by chance alone this often in a whole comparison. */
const MOST_CHANCE = 0.01;
/** What is surely present, but hardly more frequent, explains nothing. */
const LEAST_LIFT = 1.1;
/** A field with this many values, each for few spans, is an id: user, order, URL. */
const ID_FROM_VALUES = 50;
const ID_SHARE = 0.2;

/** What says the same as a builtin under another name. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  error: ['error', 'status', 'otel.status_code', 'otel.status_description', 'error.type', 'exception.type', 'exception.message'],
  status: ['status', 'error', 'otel.status_code', 'otel.status_description', 'error.type', 'exception.type', 'exception.message'],
  name: ['operation', 'name'],
  operation: ['operation', 'name'],
  'service.name': ['service'],
  version: ['resource.service.version'],
  env: ['resource.deployment.environment.name', 'resource.deployment.environment'],
  environment: ['resource.deployment.environment.name', 'resource.deployment.environment'],
  host: ['resource.host.name', 'resource.host.id'],
  pod: ['resource.k8s.pod.name'],
  instance: ['resource.service.instance.id', 'resource.k8s.pod.name', 'resource.host.name'],
  http_status: ['http.response.status_code', 'http.status_code'],
  route: ['http.route'],
  method: ['http.request.method', 'http.method'],
};
/** Under `service` already. */
const ALWAYS_LEFT_OUT = ['resource.service.name'];

/**
 * Which values are more frequent among the selected spans than among the others, by more than chance explains: Fisher's exact test for each value,
 * corrected by Holm's method for all that were looked at. Ids and the fields that the selection was made by are left out.
 */
export function compareGroupCounts(counts: GroupCounts, selection: SearchNode, limit: number): GroupComparisonAnswer {
  const leftOut = new Set([...ALWAYS_LEFT_OUT, ...fieldsOf(selection).flatMap((field) => [field, field.replace(/^(?:@|attributes?\.)/, ''), ...(SYNONYMS[field.toLowerCase()] ?? [])])]);
  const candidates = counts.values.filter((value) => !leftOut.has(value.field) && !isId(value));
  const tables = candidates.map(({ selected, baseline }) => ({ hits: selected, total: counts.sampledSelected, otherHits: baseline, otherTotal: counts.sampledBaseline }));
  const corrected = holmCorrected(tables.map(fisherGreater));
  const attributes = candidates
    .map(({ field, value }, i) => ({
      field,
      value,
      selected_share: share(tables[i]!.hits, tables[i]!.total),
      baseline_share: share(tables[i]!.otherHits, tables[i]!.otherTotal),
      lift: riskRatioLowerEnd(tables[i]!),
      score: Math.max(0, shareDifferenceLowerEnd(tables[i]!)),
      p_value: corrected[i]!,
    }))
    .filter(({ p_value, lift }) => p_value <= MOST_CHANCE && lift >= LEAST_LIFT)
    .sort((a, b) => b.score - a.score || b.lift - a.lift || (a.field < b.field ? -1 : 1))
    .slice(0, limit);
  return { selected: counts.selected, baseline: counts.baseline, attributes, summary: summaryOf(counts, attributes) };
}

function isId({ distinct, present }: ValueCount): boolean {
  return distinct >= ID_FROM_VALUES && distinct / present >= ID_SHARE;
}

function share(hits: number, total: number): number {
  return total === 0 ? 0 : hits / total;
}

/** The fields a query names. */
function fieldsOf(node: SearchNode): string[] {
  switch (node.kind) {
    case 'and':
    case 'or':
      return node.nodes.flatMap(fieldsOf);
    case 'not':
      return fieldsOf(node.node);
    case 'field':
      return [node.field];
    default:
      return [];
  }
}

function summaryOf({ selected, baseline }: GroupCounts, attributes: GroupComparisonAnswer['attributes']): string {
  if (selected === 0) return 'No span was selected; widen the selection.';
  if (baseline === 0) return 'Every span was selected, so there is nothing to compare with; narrow the selection.';
  const first = attributes[0];
  if (first === undefined) return 'No attribute value is more frequent among the selected spans than chance explains.';
  return `${percent(first.selected_share)} of the selected spans have ${first.field}=${first.value}, against ${percent(first.baseline_share)} of the others.`;
}

function percent(part: number): string {
  const whole = part * 100;
  return `${whole > 0 && whole < 1 ? Number(whole.toPrecision(1)) : Math.round(whole)} %`;
}
