import { AppError, defineReceiver, type HttpAnswer, type HttpRequest, type HttpRoute, type ReceiverContext } from '@pitot/core';
import { releaseBytes } from '@pitot/core/memory';
import { mediaType, readBody, unsupportedType } from '../body.ts';
import { exportAnswer, statusAnswer, type OtlpFormat } from './answers.ts';
import { protobufOfJson } from './json.ts';
import type { OtlpSignal, TakeRequest } from './signal.ts';
import { SIGNALS } from './signals.ts';

const NAME = 'otlp';
const FORMATS: readonly OtlpFormat[] = ['application/x-protobuf', 'application/json'];

/** OTLP/HTTP for metrics, logs and traces. The signals share the envelope; each has a file of its own for the rest. */
export const otlp = defineReceiver({
  name: NAME,
  summary: 'OpenTelemetry metrics, logs and traces over HTTP (OTLP, protobuf or JSON)',
  open: (context) => SIGNALS.flatMap((signal) => routesOf(signal, context)),
});

function routesOf(signal: OtlpSignal, context: ReceiverContext): readonly HttpRoute[] {
  const take = signal.open(context, NAME);
  const handle = (request: HttpRequest) => answer(signal, take, context, request);
  const route = { method: 'POST', scope: 'ingest', handle } as const;
  return [
    { ...route, path: `/v1/${signal.name}`, listeners: ['main', 'otlp'], summary: `Takes OTLP ${signal.name} (protobuf or JSON; gzip, deflate).` },
    { ...route, path: `/api/v1/otlp/v1/${signal.name}`, listeners: ['main'], summary: `Takes OTLP ${signal.name}, under Prometheus' path.` },
  ];
}

async function answer(signal: OtlpSignal, take: TakeRequest, { limits }: ReceiverContext, request: HttpRequest): Promise<HttpAnswer> {
  const { type } = mediaType(request.headers['content-type']);
  const format = FORMATS.find((candidate) => candidate === type);
  try {
    if (format === undefined) throw unsupportedType(request.headers['content-type'], FORMATS);
    const isJson = format === 'application/json';
    const body = await readBody(request, limits, ['identity', 'gzip', 'deflate'], { isJson });
    const bytes = isJson ? protobufOfJson(body, signal.message) : body;
    const partial = await take(bytes, request.keyId);
    // The request's own body is the listener's to give back.
    for (const own of [body, bytes]) if (own !== request.body) releaseBytes(own);
    return exportAnswer(signal, format, partial);
  } catch (error) {
    if (error instanceof AppError) return statusAnswer(format ?? 'application/json', error);
    throw error;
  }
}
