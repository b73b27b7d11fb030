import { defineReceiver, type HttpAnswer, type HttpRequest, type ReceiverContext } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import { writeTracesRequest } from '@pitot/core/otlp-writer';
import { mediaType, readBody, unsupportedType } from '../body.ts';
import { otlpSpansOf } from './otlp-spans.ts';
import { readSpanList } from './span-list.ts';

const NAME = 'zipkin';
const JSON_TYPE = 'application/json';

/** Zipkin's collector for its v2 JSON. Everything taken answers 202, as Zipkin does. */
export const zipkin = defineReceiver({
  name: NAME,
  summary: "Zipkin v2 spans in JSON, under Zipkin's path",
  open(context) {
    return [
      {
        method: 'POST',
        path: '/api/v2/spans',
        listeners: ['main'],
        scope: 'ingest',
        summary: 'Takes spans as Zipkin does (v2 JSON; gzip, deflate). A partial success says {accepted, rejected, reasons}.',
        handle: (request) => take(context, request),
      },
    ];
  },
});

async function take({ spans: sink, limits, clock }: ReceiverContext, request: HttpRequest): Promise<HttpAnswer> {
  const { type } = mediaType(request.headers['content-type']);
  if (type !== JSON_TYPE) throw unsupportedType(request.headers['content-type'], [JSON_TYPE]);
  const body = await readBody(request, limits, ['identity', 'gzip', 'deflate'], { isJson: true });
  const spans = readSpanList(body, limits);
  if (body !== request.body) releaseBytes(body);
  const bytes = writeTracesRequest(otlpSpansOf(spans, clock.nowMs()));
  const receipt = await sink.take(bytes, request.keyId === undefined ? { receiver: NAME } : { receiver: NAME, keyId: request.keyId });
  releaseBytes(bytes);
  if (receipt.rejected === 0) return { status: 202 };
  return { status: 202, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(receipt) };
}
