import type { ServicesAnswer } from '@pitot/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useLastingError } from '../../api/lasting.ts';
import { Panel } from '../../ui/panel.tsx';
import { Empty, Failure, SkeletonRows } from '../../ui/states.tsx';
import { ServiceTable } from '../services/service-table.tsx';

/** A head and seven rows and a half: what is cut off shows that there is more. */
const TABLE_PX = 277;

/** Services that send spans, the worst first. */
export function ServicesPanel({ query }: { readonly query: UseQueryResult<ServicesAnswer> }) {
  const error = useLastingError(query);
  const services = query.data?.services;
  if (services !== undefined && services.length > 0) return <ServiceTable services={services} heightPx={TABLE_PX} brief tools={<Link to="/services">Map</Link>} />;
  return (
    <Panel title="Services" flush>
      {error !== null ? (
        <Failure what="Services" error={error} sinceMs={query.errorUpdatedAt} onRetry={() => void query.refetch()} />
      ) : services === undefined ? (
        <SkeletonRows rows={4} />
      ) : (
        <Empty title="No service has sent spans in this range">
          Each service that sends traces gets a row here, with its rate, errors and durations: see <Link to="/connect">Connect</Link>.
        </Empty>
      )}
    </Panel>
  );
}
