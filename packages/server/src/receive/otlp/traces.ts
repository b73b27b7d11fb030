import { reasonsText, sourceOf, type OtlpSignal } from './signal.ts';

/** Spans. The sink decodes: every door for spans speaks OTLP to it. */
export const traces: OtlpSignal = {
  name: 'traces',
  rejectedField: 'rejectedSpans',
  message: 'ExportTraceServiceRequest',
  service: 'opentelemetry.proto.collector.trace.v1.TraceService',
  open:
    ({ spans: sink }, receiver) =>
    async (bytes, keyId) => {
      const { rejected, reasons } = await sink.take(bytes, sourceOf(receiver, keyId));
      return rejected === 0 ? undefined : { rejected, message: reasonsText('spans', reasons) };
    },
};
