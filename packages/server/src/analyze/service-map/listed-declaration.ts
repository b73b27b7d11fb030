import type { declarationsRequest } from '@pitot/core';
import type { z } from 'zod';
import { addressesOf, hostOf, type Address } from './address.ts';
import { declaredText, type Declaration } from './kubernetes-declaration.ts';

const MOST_SKIPPED = 100;

/** A declaration that came as a list of calls. Credentials in its addresses are dropped here. */
export function listedDeclaration({ source, edges }: z.infer<typeof declarationsRequest>): Declaration {
  const skipped: string[] = [];
  const calls = edges.flatMap(({ from, to, address }, i) => {
    const found = address === '' ? undefined : addressOf(address);
    // The address itself may hold a password, so it is not repeated.
    if (address !== '' && found === undefined) skipped.push(`edge ${i}: its address is neither host:port nor a URL; the edge is kept without it`);
    const { host = '', port = 0, protocol = '' } = found ?? {};
    const plain = host === '' ? '' : `${host.includes(':') ? `[${host}]` : host}${port === 0 ? '' : `:${port}`}`;
    const [caller, called] = [declaredText(from), declaredText(to)];
    if (caller !== '' && called !== '') return [{ from: caller, to: called, address: plain, protocol, detail: '' }];
    skipped.push(`edge ${i}: from and to must not be blank`);
    return [];
  });
  const names = new Set(calls.map(({ from }) => from));
  return { source: declaredText(source), services: [...names].map((name) => ({ name, namespace: '', hosts: [] })), edges: calls, skipped: skipped.slice(0, MOST_SKIPPED) };
}

function addressOf(text: string): Address | undefined {
  const [first] = addressesOf(text);
  if (first) return first;
  const host = hostOf(text);
  return host === undefined ? undefined : { host, port: 0, protocol: '' };
}
