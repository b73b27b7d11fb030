/** Where a call goes, taken from an address; credentials, path and query are never kept. */
export interface Address {
  /** Lower case, without port and without a final dot. */
  readonly host: string;
  /** 0 where the address names none. */
  readonly port: number;
  /** Of the URL's scheme: `http`, `redis`, `postgresql`, …; empty where there was none. */
  readonly protocol: string;
}

/** No address that means something is longer; the bound keeps the expressions below cheap on any text. */
const LONGEST_ADDRESS = 2048;
const LONGEST_HOST = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const IPV4 = /^\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;
const IPV6 = /^[0-9a-f:.]{2,45}$/;
const SCHEME = /^(?:jdbc:)?([a-z][a-z0-9+.-]{0,30}):\/\//i;
const URLS = /(?:jdbc:)?[a-z][a-z0-9+.-]{0,30}:\/\/[^\s"'`<>|\\^]{1,2000}/gi;

/** Schemes under the name of their protocol, TLS or not. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  https: 'http',
  ws: 'http',
  wss: 'http',
  grpcs: 'grpc',
  dns: 'grpc',
  rediss: 'redis',
  valkey: 'redis',
  postgres: 'postgresql',
  postgresql: 'postgresql',
  mariadb: 'mysql',
  amqps: 'amqp',
  'mongodb+srv': 'mongodb',
  'redis+sentinel': 'redis',
};
/** What says a scheme but calls nobody. */
const NOT_CALLED = new Set(['file', 'unix', 'data', 'urn', 'arn', 'spiffe']);
const ANYBODY = new Set(['localhost', '0.0.0.0', '::', '::1', '127.0.0.1', 'host.docker.internal']);
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, redis: 6379, postgresql: 5432, mysql: 3306, amqp: 5672, mongodb: 27_017, kafka: 9092, nats: 4222, memcached: 11_211 };

/** The port a protocol's calls go to where the address names none; 0 where that is not known. */
export function defaultPort(protocol: string): number {
  return DEFAULT_PORTS[protocol] ?? 0;
}

/** The addresses of a whole value: a URL, `host:port`, or several of them with commas between. Empty where it is something else. */
export function addressesOf(value: string): Address[] {
  const text = value.trim();
  if (text === '' || text.length > LONGEST_ADDRESS) return [];
  const scheme = SCHEME.exec(text);
  if (scheme) return urlAddresses(text, scheme[0].length, scheme[1]!.toLowerCase());
  const parts = text.split(',').map((part) => hostAndPort(part.trim()));
  return parts.every((part) => part !== undefined && part.port !== 0) ? (parts as { host: string; port: number }[]).map((part) => ({ ...part, protocol: '' })) : [];
}

/** The addresses of URLs that stand somewhere in a text, e.g. of a configuration file. */
export function urlsIn(text: string): Address[] {
  return [...text.matchAll(URLS)].flatMap(([url]) => addressesOf(url.replace(/[),.;\]}]+$/, '')));
}

/** A host's name alone, as `DB_HOST` holds one; undefined where it is none. */
export function hostOf(value: string): string | undefined {
  const found = hostAndPort(value.trim());
  return found?.port === 0 ? found.host : undefined;
}

/** Whether nobody else is meant: this machine, or every address of it. */
export function isOwnAddress(host: string): boolean {
  return ANYBODY.has(host) || host.startsWith('127.') || host.endsWith('.localhost');
}

export function isIpAddress(host: string): boolean {
  return isIpv4(host) || (host.includes(':') && IPV6.test(host));
}

function urlAddresses(text: string, start: number, scheme: string): Address[] {
  if (NOT_CALLED.has(scheme)) return [];
  // gRPC's `dns:///host:port` has its authority empty and the address as its path.
  const rest = text.slice(start).replace(/^\//, '');
  const authority = /^[^/?#]*/.exec(rest)![0];
  // A password may hold an @ that was not encoded; the host stands after the last.
  const hosts = authority.slice(authority.lastIndexOf('@') + 1);
  const protocol = PROTOCOLS[scheme] ?? scheme;
  const parts = hosts.split(',').map((part) => hostAndPort(part));
  return parts.every((part) => part !== undefined) ? (parts as { host: string; port: number }[]).map(({ host, port }) => ({ host, port, protocol })) : [];
}

function hostAndPort(text: string): { host: string; port: number } | undefined {
  const bracketed = /^\[([0-9a-f:.]{2,45})\](?::(\d{1,5}))?$/i.exec(text);
  if (bracketed) return withPort(bracketed[1]!.toLowerCase(), bracketed[2]);
  const [, name, port] = /^([^:]{1,254})(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (name === undefined) return undefined;
  const host = name.toLowerCase().replace(/\.$/, '');
  return isHost(host) ? withPort(host, port) : undefined;
}

function withPort(host: string, port: string | undefined): { host: string; port: number } | undefined {
  const number = port === undefined ? 0 : Number(port);
  return port !== undefined && (number < 1 || number > 65_535) ? undefined : { host, port: number };
}

/** A name has a letter in it: `12:30` is a time and `1.2.3` a version. */
function isHost(host: string): boolean {
  if (isIpv4(host)) return true;
  return host.length <= LONGEST_HOST && /[a-z]/.test(host) && host.split('.').every((label) => LABEL.test(label));
}

function isIpv4(host: string): boolean {
  return IPV4.test(host) && host.split('.').every((part) => Number(part) <= 255);
}
