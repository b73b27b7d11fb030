import { IconListDetails, IconTimeline } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { termText } from './facet-terms.ts';

interface AttributeTableProps {
  readonly label: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** Attributes with their types, in alphabetical order; each leads to the traces and the logs that have the same. */
export function AttributeTable({ label, values }: AttributeTableProps) {
  const rows = Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <table className="attributes" aria-label={label}>
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>
              <AttributeValue value={value} />
            </td>
            <td className="attribute-links">
              <Link to="/explore/traces" search={{ q: termText(name, String(value)) }} title={`Traces with ${name}: ${value}`} aria-label={`Traces with this ${name}`}>
                <IconTimeline size={14} aria-hidden />
              </Link>
              <Link to="/explore/logs" search={{ q: termText(name, String(value)) }} title={`Logs with ${name}: ${value}`} aria-label={`Logs with this ${name}`}>
                <IconListDetails size={14} aria-hidden />
              </Link>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Numbers and truths look different from text; JSON is laid out. */
function AttributeValue({ value }: { readonly value: string | number }) {
  if (typeof value === 'number') return <span className="value-number num">{String(value)}</span>;
  if (value === 'true' || value === 'false') return <span className="value-number">{value}</span>;
  const pretty = prettyJson(value);
  if (pretty !== undefined) return <pre className="stack">{pretty}</pre>;
  return <span>{value === '' ? <span className="dim">(empty)</span> : value}</span>;
}

const LONGEST_JSON = 20_000;

function prettyJson(text: string): string | undefined {
  if (!/^[[{]/.test(text) || text.length > LONGEST_JSON) return undefined;
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return undefined;
  }
}
