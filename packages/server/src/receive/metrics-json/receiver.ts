import {
  AppError,
  defineReceiver,
  labelsFromPairs,
  METRIC_NAME,
  postedMetric,
  postedMetricsAnswer,
  REJECT_REASONS,
  type HttpAnswer,
  type HttpRequest,
  type Labels,
  type PostedMetric,
  type ReceiverContext,
  type RejectReason,
} from '@pitot/core';
import { mediaType, readBody, unsupportedType } from '../body.ts';
import { openTarget, type DecodeTarget } from '../decode-target.ts';
import { splitBody, type Element } from './elements.ts';
import { labelNameOf, metricNameOf } from './names.ts';

const NAME = 'metrics-json';
const CONTENT_TYPES = ['application/json', 'application/x-ndjson'];
const MAX_ERRORS = 100;

interface ElementError {
  readonly index: number;
  readonly message: string;
}

/** The plainest door: one metric, or many, as JSON. */
export const metricsJson = defineReceiver({
  name: NAME,
  summary: 'JSON metrics by POST /metrics',
  open(context) {
    return [
      {
        method: 'POST',
        path: '/metrics',
        listeners: ['main'],
        scope: 'ingest',
        summary: 'Takes one metric, an array of metrics, or one per line (NDJSON).',
        response: postedMetricsAnswer,
        handle: (request) => take(context, request),
      },
    ];
  },
});

async function take(context: ReceiverContext, request: HttpRequest): Promise<HttpAnswer> {
  const { metrics, limits, clock } = context;
  const { type } = mediaType(request.headers['content-type']);
  if (!CONTENT_TYPES.includes(type)) throw unsupportedType(request.headers['content-type'], CONTENT_TYPES);
  const body = await readBody(request, limits, ['identity', 'gzip', 'deflate'], { isJson: true });
  const { elements, isOne } = splitBody(body, type === 'application/x-ndjson');
  const target = openTarget(metrics, limits, NAME, request.keyId);
  const nowMs = clock.nowMs();
  const errors: ElementError[] = [];
  let wrong = 0;
  elements.forEach((element, index) => {
    target.budget.take();
    const problem = add(element, target, nowMs);
    if (problem === undefined) return;
    if (isOne && problem.isMalformed) throw new AppError('bad_request', problem.message);
    if (problem.isMalformed) wrong++;
    if (errors.length < MAX_ERRORS) errors.push({ index, message: problem.message });
  });
  // Nothing in it can ever be taken, so the sender should hear it as an error.
  if (wrong > 0 && wrong === elements.length) {
    throw new AppError('bad_request', `every metric is wrong; the first (${errors[0]!.index}): ${errors[0]!.message}`, { fields: { errors } });
  }
  const { accepted, rejected, reasons } = await target.batch.commit();
  const status = rejected === 0 ? 200 : 202;
  const answer = { accepted, rejected, reasons, errors };
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(answer) };
}

interface Problem {
  readonly message: string;
  /** The element itself is wrong, whatever is stored already. */
  readonly isMalformed: boolean;
}

function add(element: Element, target: DecodeTarget, nowMs: number): Problem | undefined {
  if ('problem' in element) return malformed(target, element.problem);
  const parsed = postedMetric.safeParse(element.value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    const path = issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
    return malformed(target, `${path}${issue.message}`);
  }
  const timestampMs = timestampOf(parsed.data, nowMs);
  if (timestampMs === undefined) return malformed(target, 'timestamp: expected RFC 3339, or milliseconds since the epoch');
  const labels = labelsOf(parsed.data);
  if (typeof labels === 'string') return malformed(target, labels);
  const series = target.sink.intern(labels, target.source);
  if (typeof series === 'number') {
    target.batch.addFloat(series, timestampMs, parsed.data.value);
    return undefined;
  }
  target.batch.reject(series);
  return { message: `${series}: ${REJECT_REASONS[series as RejectReason]}`, isMalformed: false };
}

function malformed(target: DecodeTarget, message: string): Problem {
  target.batch.reject('invalid_value');
  return { message, isMalformed: true };
}

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})$/;

function timestampOf({ timestamp }: PostedMetric, nowMs: number): number | undefined {
  if (timestamp === undefined) return nowMs;
  if (typeof timestamp === 'number') return Number.isFinite(timestamp) ? Math.floor(timestamp) : undefined;
  const parsedMs = RFC_3339.test(timestamp) ? Date.parse(timestamp.toUpperCase().replace(' ', 'T')) : Number.NaN;
  return Number.isNaN(parsedMs) ? undefined : parsedMs;
}

/** Answers what is wrong instead, where there are two values for one label. */
function labelsOf({ service_name, metric_type, metadata }: PostedMetric): Labels | string {
  const pairs = new Map<string, string>([
    [METRIC_NAME, metricNameOf(metric_type)],
    ['job', service_name],
  ]);
  for (const [key, value] of Object.entries(metadata)) {
    const name = labelNameOf(key);
    if (name === '') return `metadata.${key}: is not a label name`;
    if (pairs.has(name)) return `metadata.${key}: the label ${name} has a value already`;
    pairs.set(name, String(value));
  }
  return labelsFromPairs(pairs);
}
