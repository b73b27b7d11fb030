import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { AppError, type HttpRequest, type Limits } from '@pitot/core';
import snappy from 'snappy';

/** A content coding as the Content-Encoding header names it. `snappy` is the block format, as remote write uses it. */
export type Encoding = 'identity' | 'gzip' | 'deflate' | 'snappy';

export interface MediaType {
  /** Lower case, without parameters; '' where the header is missing. */
  readonly type: string;
  /** Names in lower case, values without quotes. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads a Content-Type header. Source: RFC 9110, section 8.3.1. */
export function mediaType(header: string | undefined): MediaType {
  const [type = '', ...rest] = (header ?? '').split(';');
  const parameters: Record<string, string> = {};
  for (const parameter of rest) {
    const equals = parameter.indexOf('=');
    if (equals < 0) continue;
    const value = parameter.slice(equals + 1).trim();
    parameters[parameter.slice(0, equals).trim().toLowerCase()] = value.replace(/^"(.*)"$/, '$1');
  }
  return { type: type.trim().toLowerCase(), parameters };
}

/** The refusal of a content type: says what came and what is read. */
export function unsupportedType(came: string | undefined, reads: readonly string[]): AppError {
  const said = came === undefined || came === '' ? 'the request has no Content-Type' : `the content type "${clip(came)}" is not read here`;
  return new AppError('unsupported_media_type', `${said}; send ${reads.join(' or ')}`, { fields: { accepted: reads } });
}

/** Bodies up to this size are inflated on the spot; larger ones on libuv's threads, so that other requests go on. */
const INFLATE_INLINE_BYTES = 32 * 1024;
/**
 * A snappy copy element turns 3 bytes into at most 64, so a block cannot grow further than this. A larger promise in
 * the preamble is a lie that must not get memory.
 */
const SNAPPY_MAX_GROWTH = 22;

/** Inflating in pieces, each with a way to libuv's threads and back, costs more than the inflating: room for the whole up to this size. */
const MOST_PIECE_BYTES = 4 * 1024 * 1024;
const LEAST_PIECE_BYTES = 16 * 1024;
/** Text does not grow more as a rule; where it does, there are more pieces. */
const USUAL_GROWTH = 8;

const gunzip = promisify(zlib.gunzip);
const inflate = promisify(zlib.inflate);
const inflateRaw = promisify(zlib.inflateRaw);

export interface BodyOptions {
  /** What a request without Content-Encoding is taken for. Default: identity. */
  readonly assumed?: Encoding;
  /** JSON takes many times its size as objects, so `limits.json_body_bytes` applies too. */
  readonly isJson?: boolean;
}

/** The limit that applies after decompression. */
interface SizeLimit {
  readonly key: 'decompressed_body_bytes' | 'json_body_bytes';
  readonly value: number;
}

/**
 * The decompressed body. Throws `unsupported_media_type` for an encoding that is not in `reads`, `body_too_large` with the limit's key, and
 * `bad_encoding` for bytes that are not what the header says. Decompression stops at the limit.
 */
export async function readBody(
  request: HttpRequest,
  limits: Limits,
  reads: readonly Encoding[],
  { assumed = 'identity', isJson = false }: BodyOptions = {},
): Promise<Uint8Array> {
  const { body } = request;
  const encoding = contentEncoding(request.headers['content-encoding'], reads, assumed);
  if (body.length > limits.body_bytes) throw tooLarge('body_bytes', limits.body_bytes, `the body has ${body.length} bytes`);
  const limit = sizeLimit(limits, isJson);
  switch (encoding) {
    case 'identity':
      if (body.length > limit.value) throw tooLargeDecompressed(limit, `${body.length} bytes`);
      return body;
    case 'snappy':
      return unsnap(body, limit);
    case 'gzip':
    case 'deflate':
      return inflateBody(body, encoding, limit);
  }
}

function sizeLimit({ decompressed_body_bytes, json_body_bytes }: Limits, isJson: boolean): SizeLimit {
  if (isJson && json_body_bytes < decompressed_body_bytes) return { key: 'json_body_bytes', value: json_body_bytes };
  return { key: 'decompressed_body_bytes', value: decompressed_body_bytes };
}

function contentEncoding(header: string | undefined, reads: readonly Encoding[], assumed: Encoding): Encoding {
  const said = (header ?? '').trim().toLowerCase();
  const name = said === '' ? assumed : said === 'x-gzip' ? 'gzip' : said;
  const encoding = reads.find((candidate) => candidate === name);
  if (encoding !== undefined) return encoding;
  throw new AppError('unsupported_media_type', `the content encoding "${clip(said)}" is not read here; send ${reads.join(' or ')}`, {
    fields: { accepted: reads },
  });
}

function unsnap(body: Uint8Array, limit: SizeLimit): Uint8Array {
  if (body.length === 0) throw new AppError('bad_encoding', 'the snappy body is empty; an empty block is the single byte 0');
  const size = snappyLength(body);
  if (size > limit.value) throw tooLargeDecompressed(limit, `${size} bytes`);
  if (size > body.length * SNAPPY_MAX_GROWTH) {
    throw new AppError('bad_encoding', `the snappy block of ${body.length} bytes promises ${size}, more than it can hold`);
  }
  if (size === 0 && body.length === 1) return new Uint8Array(0);
  try {
    // Copied into memory of the JavaScript heap: handing over native memory costs three times as much (measured with 260 kB blocks).
    return snappy.uncompressSync(asBuffer(body), { asBuffer: true, copyOutputData: true }) as Buffer;
  } catch (cause) {
    throw new AppError('bad_encoding', `the body is not a snappy block (block format, not framed): ${messageOf(cause)}`, { cause });
  }
}

/** The uncompressed length in a snappy block's preamble. Source: google/snappy, format_description.txt, section 1. */
function snappyLength(body: Uint8Array): number {
  let length = 0;
  for (let i = 0; i < 5 && i < body.length; i++) {
    const byte = body[i]!;
    length += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return length;
  }
  throw new AppError('bad_encoding', 'the snappy block has no valid length at byte 0');
}

async function inflateBody(body: Uint8Array, encoding: 'gzip' | 'deflate', limit: SizeLimit): Promise<Uint8Array> {
  if (body.length === 0) throw new AppError('bad_encoding', `the body is empty, which is not ${encoding}`);
  const options = { maxOutputLength: limit.value, chunkSize: pieceBytes(body, encoding) };
  const inline = body.length <= INFLATE_INLINE_BYTES;
  try {
    if (encoding === 'gzip') return inline ? zlib.gunzipSync(body, options) : await gunzip(body, options);
    // The standard means the zlib format by `deflate`; some senders send the raw one.
    if (hasZlibHeader(body)) return inline ? zlib.inflateSync(body, options) : await inflate(body, options);
    return inline ? zlib.inflateRawSync(body, options) : await inflateRaw(body, options);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ERR_BUFFER_TOO_LARGE') {
      throw tooLargeDecompressed(limit, 'more');
    }
    throw new AppError('bad_encoding', `the body is not valid ${encoding}: ${messageOf(cause)}`, { cause });
  }
}

/** How much memory to inflate into at once: gzip says at its end what comes out (RFC 1952, section 2.3.1), which may be a lie. */
function pieceBytes(body: Uint8Array, encoding: 'gzip' | 'deflate'): number {
  const likely = body.length * USUAL_GROWTH;
  const told = encoding === 'gzip' && body.length > 4 ? asBuffer(body).readUInt32LE(body.length - 4) : likely;
  // One byte more: what fills the piece exactly would ask for another.
  return Math.min(Math.max(told <= 4 * likely ? told + 1 : likely, LEAST_PIECE_BYTES), MOST_PIECE_BYTES);
}

/** RFC 1950, section 2.2: method 8, and the first two bytes are a multiple of 31. */
function hasZlibHeader(body: Uint8Array): boolean {
  return body.length > 1 && (body[0]! & 0x0f) === 8 && (body[0]! * 256 + body[1]!) % 31 === 0;
}

function tooLarge(key: 'body_bytes' | SizeLimit['key'], limit: number, said: string): AppError {
  return new AppError('body_too_large', `${said}, the limit is ${limit}; send smaller requests or raise limits.${key}`, {
    fields: { limit: `limits.${key}`, value: limit },
  });
}

function tooLargeDecompressed({ key, value }: SizeLimit, size: string): AppError {
  return tooLarge(key, value, `the body decompresses to ${size}`);
}

/** More samples than one request may carry. */
export function tooManySamples(limits: Limits): AppError {
  const value = limits.samples_per_request;
  return new AppError(
    'too_many_samples',
    `the request carries more than ${value} samples or series; send fewer at once or raise limits.samples_per_request`,
    { fields: { limit: 'limits.samples_per_request', value } },
  );
}

/** More log records or spans than one request may carry. */
export function tooManyRecords(limits: Limits): AppError {
  const value = limits.records_per_request;
  return new AppError('too_many_samples', `the request carries more than ${value} records; send fewer at once or raise limits.records_per_request`, {
    fields: { limit: 'limits.records_per_request', value },
  });
}

/** JSON out of a body; throws `bad_payload` for what is not UTF-8 or not JSON. */
export function parsedJson(body: Uint8Array): unknown {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new AppError('bad_payload', 'the JSON body is not UTF-8', { cause });
  }
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError('bad_payload', `the body is not JSON: ${messageOf(cause)}`, { cause });
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function clip(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
