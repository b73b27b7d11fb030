import zlib from 'node:zlib';
import { AppError, DEFAULT_LIMITS } from '@pitot/core';
import { describe, expect, it } from 'vitest';
import { mediaType, readBody } from './body.ts';
import { postRequest } from './fixtures/delivery.ts';

const TEXT = Buffer.from('some body '.repeat(20_000));

function read(encoding: string, body: Uint8Array, limits = {}): Promise<Uint8Array> {
  const headers: Record<string, string> = encoding === '' ? {} : { 'content-encoding': encoding };
  return readBody(postRequest('/', headers, body), { ...DEFAULT_LIMITS, ...limits }, ['identity', 'gzip', 'deflate', 'snappy']);
}

async function refusal(reading: Promise<unknown>): Promise<AppError> {
  const error: unknown = await reading.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof AppError)) throw new Error('expected an AppError', { cause: error });
  return error;
}

describe('readBody', () => {
  it.each([
    ['', TEXT],
    ['identity', TEXT],
    ['GZIP', zlib.gzipSync(TEXT)],
    ['x-gzip', zlib.gzipSync(TEXT)],
    ['deflate', zlib.deflateSync(TEXT)],
    ['deflate', zlib.deflateRawSync(TEXT)],
    // Hardly compressed, so that it goes the way of large bodies.
    ['gzip', zlib.gzipSync(TEXT, { level: 0 })],
  ])('reads %s', async (encoding, body) => {
    expect(Buffer.compare(await read(encoding, body), TEXT)).toBe(0);
  });

  it('reads several gzip members', async () => {
    const members = Buffer.concat([zlib.gzipSync('one '), zlib.gzipSync('two')]);
    expect(Buffer.from(await read('gzip', members)).toString()).toBe('one two');
  });

  it('stops large gzip bodies at the limit too', async () => {
    const body = zlib.gzipSync(Buffer.alloc(200_000), { level: 0 });
    const error = await refusal(read('gzip', body, { decompressed_body_bytes: 100_000 }));
    expect(error).toMatchObject({ code: 'body_too_large', fields: { limit: 'limits.decompressed_body_bytes', value: 100_000 } });
  });

  it('gives a lying snappy preamble no memory', async () => {
    const lie = Buffer.from([0x80, 0x80, 0x80, 0x20, 0, 0]);
    expect((await refusal(read('snappy', lie))).message).toMatch(/promises 67108864, more than it can hold/);
    const largeLie = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]);
    expect(await refusal(read('snappy', largeLie))).toMatchObject({ code: 'body_too_large' });
    expect(await refusal(read('snappy', Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0x0f])))).toMatchObject({ code: 'bad_encoding' });
  });

  it('reads an empty snappy block', async () => {
    expect(await read('snappy', Buffer.from([0]))).toHaveLength(0);
  });
});

describe('mediaType', () => {
  it('reads types and parameters', () => {
    expect(mediaType('Application/X-Protobuf ; Proto="a.B" ;charset=utf-8;odd')).toEqual({
      type: 'application/x-protobuf',
      parameters: { proto: 'a.B', charset: 'utf-8' },
    });
    expect(mediaType(undefined)).toEqual({ type: '', parameters: {} });
  });
});

it('JSON bodies have the smaller limit of their own', async () => {
  const limits = { ...DEFAULT_LIMITS, json_body_bytes: 10 };
  const reading = readBody(postRequest('/', {}, Buffer.from('["longer than that"]')), limits, ['identity'], { isJson: true });
  expect(await refusal(reading)).toMatchObject({ code: 'body_too_large', fields: { limit: 'limits.json_body_bytes', value: 10 } });
});
