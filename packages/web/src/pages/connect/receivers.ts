/** How the ways in are called on screen; the keys are the receivers' names on the server. */
const NAMES: Readonly<Record<string, string>> = {
  otlp: 'OpenTelemetry',
  'otlp-grpc': 'OpenTelemetry over gRPC',
  loki: 'Loki push',
  zipkin: 'Zipkin',
  'syslog-tcp': 'Syslog over TCP',
  'syslog-udp': 'Syslog over UDP',
  'remote-write': 'Prometheus remote write',
  'metrics-json': 'JSON over HTTP',
  scrape: 'Prometheus scrape',
  host: 'This machine',
  pitot: 'Pitot itself',
};

export const receiverName = (receiver: string): string => NAMES[receiver] ?? receiver;
