import { isIPv4 } from 'node:net';
import { AppError } from '@pitot/core';

/** Who may be named in Host, and whose pages may call; the guard against DNS rebinding and forged requests. */
export interface OriginRule {
  /** Throws AppError `foreign_origin`. `navigable` routes may be opened by a link on another site. */
  check(headers: OriginHeaders, navigable: boolean): void;
  /** Whether a page of this origin may call although the browser calls it another origin. */
  allowsCrossOrigin(origin: string): boolean;
}

interface OriginHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | string[] | undefined;
  readonly 'sec-fetch-site'?: string | string[] | undefined;
  readonly 'sec-fetch-mode'?: string | string[] | undefined;
}

export interface OriginRuleOptions {
  /** The address this listener is bound to. */
  readonly listenHost: string;
  readonly publicNames: readonly string[];
  /** True where nothing but the address protects the listener. */
  readonly checkHost: boolean;
}

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '::1'];
const HOST = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]@/\s]+))(?::(\d{1,5}))?$/;

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

export function createOriginRule(options: OriginRuleOptions): OriginRule {
  const publicNames = new Set(options.publicNames.map((name) => name.toLowerCase()));
  const names = new Set([...LOOPBACK_NAMES, options.listenHost.toLowerCase(), ...publicNames]);
  const crossOrigin = (origin: string) => URL.canParse(origin) && publicNames.has(bareName(new URL(origin).hostname));

  function checkHost(host: string | undefined): void {
    const name = host === undefined ? undefined : hostName(host);
    if (name !== undefined && names.has(name)) return;
    const shown = host === undefined ? 'no Host header' : `Host "${host}"`;
    throw new AppError('foreign_origin', `${shown} is not a name this server answers to; add it to public_names in the configuration`, {
      fields: { host: host ?? null },
    });
  }

  function checkOrigin(headers: OriginHeaders, navigable: boolean): void {
    const { origin } = headers;
    if (typeof origin === 'string') {
      if (sameOrigin(origin, headers.host) || crossOrigin(origin)) return;
      throw foreign(`Origin "${origin}"`, { origin });
    }
    const site = headers['sec-fetch-site'];
    if (site === undefined || site === 'same-origin' || site === 'none') return;
    if (navigable && headers['sec-fetch-mode'] === 'navigate') return;
    throw foreign(`a page of another site (Sec-Fetch-Site: ${String(site)})`, { site });
  }

  return {
    check(headers, navigable) {
      if (options.checkHost) checkHost(headers.host);
      checkOrigin(headers, navigable);
    },
    allowsCrossOrigin: crossOrigin,
  };
}

function foreign(who: string, fields: Readonly<Record<string, unknown>>): AppError {
  return new AppError('foreign_origin', `${who} may not call this server; open its own pages, or add the name to public_names`, { fields });
}

/** The scheme is not compared: a proxy that ends TLS changes it. */
function sameOrigin(origin: string, host: string | undefined): boolean {
  if (host === undefined || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  const port = HOST.exec(host)?.[3] ?? '';
  const sent = url.port || (url.protocol === 'http:' ? '80' : '443');
  return bareName(url.hostname) === hostName(host) && (sent === port || (port === '' && url.port === ''));
}

function hostName(host: string): string | undefined {
  const match = HOST.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

function bareName(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase();
}
