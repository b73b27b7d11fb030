/**
 * Gives the memory of bytes back at once that the caller owns and nobody needs any more. Left to the garbage collector,
 * hundreds of kilobytes a request make it mark the whole heap again and again, which costs nearly as much CPU as everything else
 * a request needs (measured with remote write). Memory that Node may have cut from its shared pool is left alone.
 */
export function releaseBytes(bytes: ArrayBufferView): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize && !buffer.detached) buffer.transfer(0);
}
