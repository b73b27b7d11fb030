import {
  defineReceiver,
  REJECT_REASONS,
  type HttpAnswer,
  type HttpRequest,
  type IngestReceipt,
  type ReceiverContext,
  type RejectReason,
} from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import { mediaType, readBody, unsupportedType } from '../body.ts';
import { openTarget } from '../decode-target.ts';
import { RequestV2Decoder, type Written } from './request-v2.ts';
import { WriteRequestDecoder } from './write-request.ts';

const NAME = 'remote-write';
const MESSAGE_V1 = 'prometheus.WriteRequest';
const MESSAGE_V2 = 'io.prometheus.write.v2.Request';
const CONTENT_TYPES = [`application/x-protobuf;proto=${MESSAGE_V2}`, `application/x-protobuf;proto=${MESSAGE_V1}`, 'application/x-protobuf'];

/**
 * Prometheus remote write 1.0 and 2.0. Everything taken answers 204; a partial write answers 400 and says what was written, so
 * that senders do not send the good samples again.
 */
export const remoteWrite = defineReceiver({
  name: NAME,
  summary: 'Prometheus remote write 1.0 and 2.0',
  open(context) {
    const writer = new RemoteWrite(context);
    return [
      {
        method: 'POST',
        path: '/api/v1/write',
        listeners: ['main'],
        scope: 'ingest',
        summary: 'Takes Prometheus remote write 1.0 and 2.0 (protobuf, snappy).',
        handle: (request) => writer.handle(request),
      },
    ];
  },
});

class RemoteWrite {
  readonly #context: ReceiverContext;
  readonly #v1: WriteRequestDecoder;
  readonly #v2: RequestV2Decoder;

  constructor(context: ReceiverContext) {
    this.#context = context;
    this.#v1 = new WriteRequestDecoder(context.limits.active_series);
    this.#v2 = new RequestV2Decoder(context.limits.active_series);
  }

  async handle(request: HttpRequest): Promise<HttpAnswer> {
    const { metrics, limits, clock } = this.#context;
    const isV2 = messageOf(request) === MESSAGE_V2;
    // Prometheus takes a missing Content-Encoding for snappy, because early senders did not say it.
    const body = await readBody(request, limits, ['snappy'], { assumed: 'snappy' });
    const target = openTarget(metrics, limits, NAME, request.keyId);
    if (!isV2) {
      this.#v1.decode(body, target, clock.nowMs());
      releaseBytes(body);
      return answer(await target.batch.commit(), {});
    }
    let written: Written;
    let undo: () => void;
    try {
      written = this.#v2.decode(body, target, clock.nowMs());
      undo = this.#v2.takeUndo();
      releaseBytes(body);
    } catch (error) {
      this.#v2.takeUndo()();
      throw error;
    }
    const taken = target.batch.accepted;
    try {
      const receipt = await target.batch.commit();
      return answer(receipt, writtenHeaders(written, taken - receipt.accepted, receipt.exemplars.accepted));
    } catch (error) {
      undo();
      throw error;
    }
  }
}

/** Which message the body is. Throws `unsupported_media_type`. */
function messageOf(request: HttpRequest): string {
  const header = request.headers['content-type'];
  if (header === undefined || header === '') return MESSAGE_V1;
  const { type, parameters } = mediaType(header);
  const message = parameters['proto'] ?? MESSAGE_V1;
  if (type !== 'application/x-protobuf' || (message !== MESSAGE_V1 && message !== MESSAGE_V2)) {
    throw unsupportedType(header, CONTENT_TYPES);
  }
  return message;
}

/** `late` is how many samples the commit itself turned away; they count against the floats first. */
function writtenHeaders(written: Written, late: number, exemplars: number): Record<string, string> {
  const lateSamples = Math.min(Math.max(0, late), written.samples);
  const lateHistograms = Math.min(Math.max(0, late - lateSamples), written.histograms);
  return {
    'x-prometheus-remote-write-samples-written': String(written.samples - lateSamples),
    'x-prometheus-remote-write-histograms-written': String(written.histograms - lateHistograms),
    'x-prometheus-remote-write-exemplars-written': String(exemplars),
  };
}

function answer(receipt: IngestReceipt, headers: Record<string, string>): HttpAnswer {
  if (receipt.rejected === 0) return { status: 204, headers };
  const lost = receipt.exemplars.rejected === 0 ? '' : ` and ${receipt.exemplars.rejected} exemplars`;
  const reasons = Object.entries(receipt.reasons).map(
    ([reason, count]) => `${count} ${reason} (${REJECT_REASONS[reason as RejectReason]})`,
  );
  return {
    status: 400,
    headers: { ...headers, 'content-type': 'text/plain; charset=utf-8' },
    body: `wrote ${receipt.accepted} samples, turned away ${receipt.rejected}${lost}: ${reasons.join(' ')}\n`,
  };
}
