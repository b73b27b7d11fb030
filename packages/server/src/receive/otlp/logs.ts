import { reasonsText, sourceOf, type OtlpSignal } from './signal.ts';

/** Log records. The sink decodes: every door for logs speaks OTLP to it. */
export const logs: OtlpSignal = {
  name: 'logs',
  rejectedField: 'rejectedLogRecords',
  message: 'ExportLogsServiceRequest',
  service: 'opentelemetry.proto.collector.logs.v1.LogsService',
  open:
    ({ logs: sink }, receiver) =>
    async (bytes, keyId) => {
      const { rejected, reasons } = await sink.take(bytes, sourceOf(receiver, keyId));
      return rejected === 0 ? undefined : { rejected, message: reasonsText('log records', reasons) };
    },
};
