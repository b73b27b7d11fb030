import type { IngestReceipt, ReceiverContext } from '@pitot/core';
import { openTarget } from '../decode-target.ts';
import { OtlpMetricsDecoder, type Decoded } from './decoder.ts';
import { reasonsText, type OtlpSignal, type PartialSuccess, type TakeRequest } from './signal.ts';

/** Metrics, with Prometheus' translation of names, units, resources and histograms. */
export const metrics: OtlpSignal = {
  name: 'metrics',
  rejectedField: 'rejectedDataPoints',
  message: 'ExportMetricsServiceRequest',
  service: 'opentelemetry.proto.collector.metrics.v1.MetricsService',
  open: openMetrics,
};

function openMetrics({ metrics: sink, limits, clock }: ReceiverContext, receiver: string): TakeRequest {
  const decoder = new OtlpMetricsDecoder(limits.active_series);
  return async (bytes, keyId) => {
    const target = openTarget(sink, limits, receiver, keyId);
    let decoded: Decoded;
    let undo: () => void;
    try {
      decoded = decoder.decode(bytes, target, clock.nowMs());
      undo = decoder.takeUndo();
    } catch (error) {
      decoder.takeUndo()();
      throw error;
    }
    try {
      return partialSuccess(decoded, await target.batch.commit());
    } catch (error) {
      undo();
      throw error;
    }
  };
}

function partialSuccess(decoded: Decoded, receipt: IngestReceipt): PartialSuccess | undefined {
  if (receipt.rejected === 0) return undefined;
  // What the sink turned away it counts in samples; a histogram point has several.
  const late = Math.max(0, receipt.rejected - decoded.refusedSamples);
  const rejected = Math.min(decoded.points, decoded.refusedPoints + late);
  return { rejected, message: reasonsText('samples', receipt.reasons) };
}
