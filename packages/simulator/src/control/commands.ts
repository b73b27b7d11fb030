import { AppError } from '@pitot/core';
import type { FaultRecord } from '../break/faults.ts';
import type { HostPort, Options } from './options.ts';

/** Asks the control server of a running simulation; answers what to print. Throws the server's refusal, or `store_unavailable` where none runs. */
export async function runCommand(options: Exclude<Options, { command: 'run' | 'help' }>, signal: AbortSignal): Promise<string> {
  switch (options.command) {
    case 'fault': {
      const fault = (await ask(options.control, 'POST', '/faults', signal, options.order)) as FaultRecord;
      return `${fault.id}: ${fault.symptom}\nfrom ${iso(fault.startMs)} to ${iso(fault.endMs)}; ends early with: heal ${fault.id}\n`;
    }
    case 'heal':
      await ask(options.control, 'DELETE', `/faults/${encodeURIComponent(options.id)}`, signal);
      return `${options.id} has ended\n`;
    case 'faults': {
      const { faults } = (await ask(options.control, 'GET', '/faults', signal)) as { faults: FaultRecord[] };
      return faults.length === 0 ? 'no faults\n' : faults.map(({ id, kind, target, startMs, endMs }) => `${id}  ${kind} ${target}  ${iso(startMs)} to ${iso(endMs)}\n`).join('');
    }
    case 'truth':
      return `${JSON.stringify(await ask(options.control, 'GET', '/truth', signal), null, 2)}\n`;
  }
}

async function ask({ host, port }: HostPort, method: string, path: string, signal: AbortSignal, body?: unknown): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(`http://${host}:${port}${path}`, { method, signal, ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) });
  } catch (cause) {
    throw new AppError('store_unavailable', `no simulation answers at ${host}:${port}; start one first, or say where with --control`, { cause });
  }
  const answer = (await response.json()) as { error?: { message: string } };
  if (!response.ok) throw new AppError('bad_request', answer.error?.message ?? `the simulation answered ${response.status}`);
  return answer;
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString();
