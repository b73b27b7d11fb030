import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type { SecureVersion } from 'node:tls';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { AppError } from '@pitot/core';
import type { HttpClientConfig } from './config.ts';

export interface Answer {
  readonly body: Buffer;
  readonly contentType: string;
}

interface RequestOptions {
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Bytes after decompression. */
  readonly bodyLimitBytes: number;
  readonly signal: AbortSignal;
}

const MOST_REDIRECTS = 10;
const gunzipped = promisify(gunzip);
const TLS_VERSIONS: Readonly<Record<string, SecureVersion>> = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' };

/** GET requests over kept-alive connections, with the authentication and TLS of one job. */
export class HttpClient {
  readonly #config: HttpClientConfig;
  readonly #plain = new http.Agent({ keepAlive: true });
  #secure: https.Agent | undefined;

  constructor(config: HttpClientConfig) {
    this.#config = config;
  }

  /** Answers the decompressed body of a 200; throws AppError with what went wrong, for the target's status. */
  async get(address: string, options: RequestOptions): Promise<Answer> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      abort();
    }, options.timeoutMs);
    options.signal.addEventListener('abort', abort);
    if (options.signal.aborted) abort();
    try {
      return await this.#follow(address, { ...options, signal: controller.signal });
    } catch (error) {
      if (late) throw new AppError('bad_payload', `no whole answer within the timeout of ${options.timeoutMs} ms`, { cause: error });
      throw error;
    } finally {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', abort);
    }
  }

  /** Closes idle connections now and the others when their request is done. */
  retire(): void {
    for (const agent of [this.#plain, this.#secure]) {
      if (agent === undefined) continue;
      agent.maxFreeSockets = 0;
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
    }
  }

  close(): void {
    this.#plain.destroy();
    this.#secure?.destroy();
  }

  async #follow(address: string, options: RequestOptions): Promise<Answer> {
    let url = new URL(address);
    const first = url.host;
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      // Credentials are for the host that was configured, not for where it sends us.
      const headers = url.host === first ? { ...options.headers, ...this.#authorization() } : options.headers;
      const response = await this.#request(url, headers, options.signal);
      const status = response.statusCode ?? 0;
      const { location } = response.headers;
      if (this.#config.follow_redirects && status >= 300 && status < 400 && location !== undefined) {
        response.resume();
        url = redirected(location, url);
        continue;
      }
      if (status !== 200) {
        response.resume();
        throw new AppError('bad_payload', `the server answered HTTP status ${status} ${response.statusMessage ?? ''}`.trim());
      }
      return { body: await readBody(response, options.bodyLimitBytes), contentType: response.headers['content-type'] ?? '' };
    }
    throw new AppError('bad_payload', `more than ${MOST_REDIRECTS} redirects`);
  }

  #request(url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      const agent = secure ? (this.#secure ??= secureAgent(this.#config)) : this.#plain;
      const request = (secure ? https : http).request(url, { agent, headers, signal }, resolve);
      request.on('error', reject);
      request.end();
    });
  }

  /** Files are read at each request, so that rotated credentials are taken up. */
  #authorization(): Readonly<Record<string, string>> {
    const { basic_auth: basic, authorization } = this.#config;
    if (basic !== undefined) {
      const user = basic.username ?? fromFile(basic.username_file);
      const password = basic.password ?? fromFile(basic.password_file);
      return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
    }
    if (authorization === undefined) return {};
    return { authorization: `${authorization.type} ${authorization.credentials ?? fromFile(authorization.credentials_file)}` };
  }
}

function redirected(location: string, from: URL): URL {
  const url = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
  throw new AppError('bad_payload', 'the server redirects to something that is not an HTTP URL');
}

function fromFile(path: string | undefined): string {
  if (path === undefined) return '';
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new AppError('bad_config', `${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function secureAgent({ tls_config: tls }: HttpClientConfig): https.Agent {
  if (tls === undefined) return new https.Agent({ keepAlive: true });
  return new https.Agent({
    keepAlive: true,
    rejectUnauthorized: !tls.insecure_skip_verify,
    ...(tls.ca_file !== undefined && { ca: fromFile(tls.ca_file) }),
    ...(tls.cert_file !== undefined && { cert: fromFile(tls.cert_file), key: fromFile(tls.key_file) }),
    ...(tls.server_name !== undefined && { servername: tls.server_name }),
    ...(tls.min_version !== undefined && { minVersion: TLS_VERSIONS[tls.min_version]! }),
    ...(tls.max_version !== undefined && { maxVersion: TLS_VERSIONS[tls.max_version]! }),
  });
}

async function readBody(response: http.IncomingMessage, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Leaving the loop destroys the response and its connection.
    if (length > limitBytes) throw tooLarge(limitBytes);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks, length);
  if (response.headers['content-encoding'] !== 'gzip') return body;
  try {
    return await gunzipped(body, { maxOutputLength: limitBytes });
  } catch (cause) {
    if (cause instanceof RangeError) throw tooLarge(limitBytes);
    throw new AppError('bad_encoding', 'the body is not gzip as its Content-Encoding says', { cause });
  }
}

function tooLarge(limitBytes: number): AppError {
  return new AppError('body_too_large', `the body is larger than body_size_limit, ${limitBytes} bytes`);
}
