import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AppError, toAppError } from '@pitot/core';
import type { Simulation } from '../run/simulation.ts';
import { readFaultOrder } from './fault-text.ts';

const BODY_BYTES = 64 * 1024;
const LOCAL_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/;

export interface ControlServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Lets faults be given to a running simulation: `POST /faults`, `GET /faults`, `DELETE /faults/:id`, `GET /truth`. For this machine only: a
 * page of another site can neither name this host nor send JSON here.
 */
export async function startControlServer(simulation: Simulation, host: string, port: number): Promise<ControlServer> {
  const server = createServer((request, response) => {
    answer(simulation, request).then(
      ([status, body]) => reply(response, status, body),
      (error: unknown) => {
        const { httpStatus, code, message } = toAppError(error);
        reply(response, httpStatus, { error: { code, message } });
      },
    );
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) => reject(new AppError('bad_config', `the control server cannot listen on ${host}:${port}: ${cause.message}; choose another with --control, or --control off`, { cause })));
  server.listen(port, host, resolve);
  await promise;
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

async function answer(simulation: Simulation, request: IncomingMessage): Promise<[status: number, body: unknown]> {
  if (!LOCAL_HOST.test(request.headers.host ?? '')) throw new AppError('foreign_origin', 'this server answers to 127.0.0.1 and localhost only');
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const call = `${request.method} ${pathname}`;
  if (call === 'GET /truth') return [200, simulation.truth()];
  if (call === 'GET /faults') return [200, { faults: simulation.truth().faults }];
  if (call === 'POST /faults') {
    if (!request.headers['content-type']?.startsWith('application/json')) throw new AppError('unsupported_media_type', 'send the fault as application/json');
    return [201, simulation.addFault(readFaultOrder(await readJson(request), simulation.nowMs))];
  }
  const id = /^DELETE \/faults\/(\w+)$/.exec(call)?.[1];
  if (id !== undefined) {
    if (!simulation.endFault(id)) throw new AppError('not_found', `there is no fault "${id}" that has not ended; GET /faults lists them`);
    return [200, { ended: id }];
  }
  throw new AppError('not_found', 'there is POST /faults, GET /faults, DELETE /faults/:id and GET /truth');
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_BYTES) throw new AppError('body_too_large', `a fault has at most ${BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (cause) {
    throw new AppError('bad_payload', 'the body is not JSON', { cause });
  }
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
