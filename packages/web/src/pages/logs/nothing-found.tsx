import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { statusQuery } from '../../api/status-query.ts';
import { describeRange, widenRange } from '../../time/range.ts';
import { useTimeWindow } from '../../time/time-window.tsx';
import { Empty } from '../../ui/states.tsx';
import { targetOf } from '../connect/recipes.ts';
import { withoutEach } from './query-terms.ts';

interface NothingFoundProps {
  readonly query: string;
  readonly environment: string | undefined;
  readonly onRun: (query: string) => void;
}

/** In place of lines where there are none: what was searched, and what would find more. */
export function NothingFound({ query, environment, onRun }: NothingFoundProps) {
  const { range, setRange, nowMs } = useTimeWindow();
  const wider = widenRange(range, nowMs);
  const terms = withoutEach(query);
  const searched = query === '' ? 'Everything was looked at' : 'Searched for';
  return (
    <Empty title={query === '' ? 'No log line in this range' : 'No line matches'}>
      <span>
        {searched} {query !== '' && <code>{query}</code>} in: {describeRange(range, nowMs).toLowerCase()}
        {environment === undefined ? '' : `, environment ${environment}`}.
      </span>
      <span className="row wrap">
        {terms.map(({ term, rest }) => (
          <button key={term} type="button" className="tool" onClick={() => onRun(rest)}>
            Without <code>{term}</code>
          </button>
        ))}
        {query !== '' && (
          <button type="button" className="tool" onClick={() => onRun('')}>
            Show all lines
          </button>
        )}
        <button type="button" className="tool" onClick={() => setRange(wider)}>
          {describeRange(wider, nowMs)}
        </button>
        <button type="button" className="tool" onClick={() => setRange({ from: 'now-24h', to: 'now' })}>
          Last 24 hours
        </button>
      </span>
      {query === '' && <SendOne />}
    </Empty>
  );
}

/** The one command that fills the page. */
function SendOne() {
  const { data: status } = useQuery(statusQuery);
  if (status === undefined) return null;
  const { otlpUrl } = targetOf(status.listeners, location.origin, undefined);
  const key = status.auth === 'required' ? ` -H 'authorization: Bearer <your API key>'` : '';
  const body = `{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my-service"}}]},"scopeLogs":[{"logRecords":[{"severityNumber":9,"body":{"stringValue":"Hello, Pitot"}}]}]}]}`;
  return (
    <Empty
      title="Send the first one"
      command={`curl ${otlpUrl}/v1/logs -H 'content-type: application/json'${key} -d '${body}'`}
    >
      <span>
        Services send logs by OpenTelemetry, Loki push or syslog: see <Link to="/connect">Connect</Link>.
      </span>
    </Empty>
  );
}
