/** An answer that is not a success: what the server said, or that it could not be reached. */
export class RequestFailure extends Error {
  readonly status: number;
  readonly code: string;
  /** What else the answer says of it, e.g. where in a query (`from`, `to`). */
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(message: string, status: number, code: string, fields: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = 'RequestFailure';
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined;
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** Sent as JSON; URLSearchParams are sent as a form. */
  readonly body?: unknown;
}

/**
 * Asks the server that served this page. Throws RequestFailure with the server's own words, and lets an abort through
 * as it is.
 */
export async function requestJson<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await send(path, options);
  const text = await response.text();
  const answer = parse(text);
  if (!response.ok) throw failureOf(response, answer, text);
  if (answer === undefined && text !== '') {
    throw new RequestFailure(`${path} answered something that is not JSON`, response.status, 'bad_answer');
  }
  return answer as T;
}

async function send(path: string, { signal, method = 'GET', body }: RequestOptions): Promise<Response> {
  const form = body instanceof URLSearchParams;
  try {
    return await fetch(path, {
      method,
      credentials: 'same-origin',
      ...(signal && { signal }),
      ...(body !== undefined && {
        body: form ? body : JSON.stringify(body),
        headers: { 'content-type': form ? 'application/x-www-form-urlencoded' : 'application/json' },
      }),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new RequestFailure(`Pitot does not answer at ${location.host}. Is the process still running?`, 0, 'unreachable');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface ErrorBody {
  readonly error?: string | { readonly code?: string; readonly message?: string; readonly fields?: Readonly<Record<string, unknown>> };
  readonly errorType?: string;
  readonly message?: string;
  readonly code?: string;
}

/** Understands our own errors, Prometheus' and those of the sign-in library. */
function failureOf(response: Response, answer: unknown, text: string): RequestFailure {
  const body = (answer ?? {}) as ErrorBody;
  if (typeof body.error === 'string') return new RequestFailure(body.error, response.status, body.errorType ?? 'error');
  const message = body.error?.message ?? body.message ?? (text.slice(0, 200) || response.statusText);
  return new RequestFailure(message || `HTTP ${response.status}`, response.status, body.error?.code ?? body.code ?? 'error', body.error?.fields);
}
