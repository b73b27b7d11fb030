import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { hasPage, partsOf } from '../api/node-id.ts';

/** Anything named is a link to its page; the time range and the environment go along. */

export function ServiceLink({ service, children }: { readonly service: string; readonly children?: ReactNode }) {
  return (
    <Link to="/services/$service" params={{ service }}>
      {children ?? service}
    </Link>
  );
}

export function TraceLink({ traceId, spanId, children }: { readonly traceId: string; readonly spanId?: string; readonly children?: ReactNode }) {
  return (
    <Link to="/explore/traces/$traceId" params={{ traceId }} search={{ span: spanId }}>
      {children ?? <code>{traceId.slice(0, 8)}</code>}
    </Link>
  );
}

export function LogsLink({ query, children }: { readonly query: string; readonly children: ReactNode }) {
  return (
    <Link to="/explore/logs" search={{ q: query }}>
      {children}
    </Link>
  );
}

export function TracesLink({ query, children }: { readonly query: string; readonly children: ReactNode }) {
  return (
    <Link to="/explore/traces" search={{ q: query }}>
      {children}
    </Link>
  );
}

/** A node of the map by its id: what has a page of its own leads there, a store or third party to its place on the map. */
export function NodeLink({ node, children }: { readonly node: string; readonly children?: ReactNode }) {
  const { type, name } = partsOf(node);
  if (hasPage(type)) return <ServiceLink service={name}>{children ?? name}</ServiceLink>;
  return (
    <Link to="/services" search={{ node }}>
      {children ?? name}
    </Link>
  );
}
