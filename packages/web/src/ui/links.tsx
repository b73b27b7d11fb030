import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

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
