import { AppError, defineReceiver, REJECT_REASONS, type HttpAnswer, type HttpRequest, type ReceiverContext, type RejectReason } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import { writeLogsRequest, type OtlpGroup, type OtlpLogRecord } from '@pitot/core/otlp-writer';
import { mediaType, readBody, unsupportedType, type Encoding } from '../body.ts';
import { parseLabels, type LokiLabels } from './labels.ts';
import { readPushJson } from './push-json.ts';
import { readPushRequest, type PushListener } from './push-request.ts';
import { RecordBudget, StreamWriter } from './streams.ts';

const NAME = 'loki';
const PROTOBUF = 'application/x-protobuf';
const JSON_TYPE = 'application/json';
const JSON_ENCODINGS: readonly Encoding[] = ['identity', 'gzip', 'deflate'];
const PROTOBUF_ENCODINGS: readonly Encoding[] = ['snappy', ...JSON_ENCODINGS];

/** Loki's push API, for promtail, Alloy, Fluent Bit, Vector and Docker's driver. Everything taken answers 204. */
export const loki = defineReceiver({
  name: NAME,
  summary: 'Loki push: logs from promtail, Alloy, Fluent Bit, Vector or Docker',
  open(context) {
    return [
      {
        method: 'POST',
        path: '/loki/api/v1/push',
        listeners: ['main'],
        scope: 'ingest',
        summary: "Takes logs as Loki does (protobuf with snappy, or JSON; gzip, deflate). A partial success answers 400 and says what was turned away, as Loki's does: senders must not send it again.",
        handle: (request) => take(context, request),
      },
    ];
  },
});

async function take(context: ReceiverContext, request: HttpRequest): Promise<HttpAnswer> {
  const { logs, limits } = context;
  const { type } = mediaType(request.headers['content-type']);
  const isJson = type === JSON_TYPE;
  // Loki takes a missing Content-Type for protobuf, and protobuf without an encoding for snappy.
  if (!isJson && type !== PROTOBUF && type !== '') throw unsupportedType(request.headers['content-type'], [PROTOBUF, JSON_TYPE]);
  const body = await readBody(request, limits, isJson ? JSON_ENCODINGS : PROTOBUF_ENCODINGS, { isJson, assumed: isJson ? 'identity' : 'snappy' });
  const push = new Push();
  (isJson ? readPushJson : readPushRequest)(body, new RecordBudget(limits), push);
  if (body !== request.body) releaseBytes(body);
  if (push.groups.length === 0 && push.refusedLines > 0) throw new AppError('bad_payload', push.problem);
  const bytes = writeLogsRequest(push.groups);
  const receipt = await logs.take(bytes, request.keyId === undefined ? { receiver: NAME } : { receiver: NAME, keyId: request.keyId });
  releaseBytes(bytes);
  const rejected = receipt.rejected + push.refusedLines;
  if (rejected === 0) return { status: 204 };
  const reasons = Object.entries(receipt.reasons).map(([reason, count]) => `${count} ${reason} (${REJECT_REASONS[reason as RejectReason]})`);
  if (push.refusedLines > 0) reasons.push(`${push.refusedLines} invalid_label (${push.problem})`);
  const text = `${receipt.accepted} log lines were taken and ${rejected} turned away: ${reasons.join(' ')}\n`;
  return { status: 400, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: text };
}

/** Gathers a push. Lines of a stream whose labels cannot be read are counted and left out; the others are taken. */
class Push implements PushListener {
  readonly groups: OtlpGroup<OtlpLogRecord>[] = [];
  refusedLines = 0;
  /** What is wrong with the first stream that is. */
  problem = '';
  #stream: StreamWriter | undefined;

  stream(given: string | LokiLabels): void {
    const labels = typeof given === 'string' ? parseLabels(given) : given;
    if (typeof labels === 'string') {
      this.#stream = undefined;
      if (this.problem === '') this.problem = labels;
      return;
    }
    this.#stream = new StreamWriter(labels);
    this.groups.push(this.#stream.group);
  }

  line(timeUnixNano: bigint, line: string, metadata: LokiLabels): void {
    if (this.#stream === undefined) this.refusedLines++;
    else this.#stream.add(timeUnixNano, line, metadata);
  }
}
