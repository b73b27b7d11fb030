import {
  AppError,
  defineReceiver,
  REJECT_REASONS,
  type HttpAnswer,
  type HttpRequest,
  type IngestReceipt,
  type Listener,
  type ReceiverContext,
  type RejectReason,
} from '@pitot/core';
import { mediaType, readBody, unsupportedType } from '../body.ts';
import { openTarget } from '../decode-target.ts';
import { exportAnswer, statusAnswer, type OtlpFormat } from './answers.ts';
import { OtlpMetricsDecoder, type Decoded } from './decoder.ts';
import { protobufOfJson } from './json.ts';

const NAME = 'otlp';
const FORMATS: readonly OtlpFormat[] = ['application/x-protobuf', 'application/json'];

/** OTLP/HTTP metrics, with Prometheus' translation of names, units, resources and histograms. */
export const otlp = defineReceiver({
  name: NAME,
  summary: 'OpenTelemetry metrics over HTTP (OTLP, protobuf or JSON)',
  open(context) {
    const door = new OtlpMetrics(context);
    const route = (path: string, listeners: readonly Listener[], summary: string) =>
      ({ method: 'POST', path, listeners, scope: 'ingest', summary, handle: (request: HttpRequest) => door.handle(request) }) as const;
    return [
      route('/v1/metrics', ['main', 'otlp'], 'Takes OTLP metrics (protobuf or JSON; gzip, deflate).'),
      route('/api/v1/otlp/v1/metrics', ['main'], "Takes OTLP metrics, under Prometheus' path."),
    ];
  },
});

class OtlpMetrics {
  readonly #context: ReceiverContext;
  readonly #decoder: OtlpMetricsDecoder;

  constructor(context: ReceiverContext) {
    this.#context = context;
    this.#decoder = new OtlpMetricsDecoder(context.limits.active_series);
  }

  async handle(request: HttpRequest): Promise<HttpAnswer> {
    const { type } = mediaType(request.headers['content-type']);
    const format = FORMATS.find((candidate) => candidate === type);
    try {
      if (format === undefined) throw unsupportedType(request.headers['content-type'], FORMATS);
      return await this.#take(request, format);
    } catch (error) {
      if (error instanceof AppError) return statusAnswer(format ?? 'application/json', error);
      throw error;
    }
  }

  async #take(request: HttpRequest, format: OtlpFormat): Promise<HttpAnswer> {
    const { metrics, limits, clock } = this.#context;
    const isJson = format === 'application/json';
    const body = await readBody(request, limits, ['identity', 'gzip', 'deflate'], { isJson });
    const bytes = isJson ? protobufOfJson(body) : body;
    const target = openTarget(metrics, limits, NAME, request.keyId);
    let decoded: Decoded;
    let undo: () => void;
    try {
      decoded = this.#decoder.decode(bytes, target, clock.nowMs());
      undo = this.#decoder.takeUndo();
    } catch (error) {
      this.#decoder.takeUndo()();
      throw error;
    }
    try {
      return answer(format, decoded, await target.batch.commit());
    } catch (error) {
      undo();
      throw error;
    }
  }
}

function answer(format: OtlpFormat, decoded: Decoded, receipt: IngestReceipt): HttpAnswer {
  if (receipt.rejected === 0) return exportAnswer(format);
  // What the sink turned away it counts in samples; a histogram point has several.
  const late = Math.max(0, receipt.rejected - decoded.refusedSamples);
  const rejected = Math.min(decoded.points, decoded.refusedPoints + late);
  const reasons = Object.entries(receipt.reasons).map(
    ([reason, count]) => `${count} ${reason} (${REJECT_REASONS[reason as RejectReason]})`,
  );
  return exportAnswer(format, { rejected, message: `samples turned away: ${reasons.join(' ')}` });
}
