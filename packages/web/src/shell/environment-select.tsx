import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { environmentsQuery } from '../api/queries.ts';

/** Limits every page to one `deployment_environment_name`; not shown while nothing carries that label. */
export function EnvironmentSelect() {
  const { data } = useQuery(environmentsQuery);
  const { env } = useSearch({ strict: false });
  const navigate = useNavigate();
  const names = [...new Set([...(data?.environments ?? []), ...(env === undefined ? [] : [env])])].sort();
  if (names.length === 0) return null;
  return (
    <select
      className="tool"
      aria-label="Environment"
      title="Environment"
      value={env ?? ''}
      onChange={(event) => {
        const chosen = event.currentTarget.value;
        void navigate({ to: '.', search: (previous) => ({ ...previous, env: chosen === '' ? undefined : chosen }) });
      }}
    >
      <option value="">All environments</option>
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}
