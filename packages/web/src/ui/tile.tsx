import { Link, type LinkProps } from '@tanstack/react-router';
import { formatParts, type Unit } from '../units/format.ts';
import { Skeleton } from './states.tsx';
import { Sparkline } from './sparkline.tsx';
import { Badge, type Tone } from './tone.tsx';

export interface TileProps {
  readonly label: string;
  /** undefined while loading, null when nothing reports it. */
  readonly value: number | null | undefined;
  readonly unit: Unit;
  /** How it changed against the comparison period, in words. */
  readonly change?: string | undefined;
  readonly note?: string | undefined;
  readonly trend?: readonly (number | null)[] | undefined;
  readonly tone?: Tone | undefined;
  readonly toneWord?: string | undefined;
  readonly link?: Pick<LinkProps, 'to' | 'search' | 'params' | 'hash'>;
  /** Without room for a trend. */
  readonly flat?: boolean;
}

/** One number that supports the sentence: value, unit, change, trend; opens its chart. */
export function Tile(props: TileProps) {
  const { label, value, unit, tone, toneWord, trend, link, change, note, flat = false } = props;
  const words = [change, note].filter((part) => part !== undefined && part !== '').join(' · ');
  const body = (
    <>
      <span className="tile-label">
        <span>{label}</span>
        {tone !== undefined && toneWord !== undefined && <Badge tone={tone}>{toneWord}</Badge>}
      </span>
      {value === undefined ? <Skeleton height={26} width={92} /> : <TileValue value={value} unit={unit} />}
      <span className="tile-note" title={words === '' ? undefined : words}>
        {words || ' '}
      </span>
      {!flat && (trend === undefined ? <div style={{ height: 34 }} /> : <Sparkline values={trend} label={`Trend of ${label.toLowerCase()}`} />)}
    </>
  );
  if (link === undefined) return <div className="tile">{body}</div>;
  return (
    <Link className="tile" {...link}>
      {body}
    </Link>
  );
}

function TileValue({ value, unit }: { readonly value: number | null; readonly unit: Unit }) {
  const { number, unit: suffix } = formatParts(value, unit);
  return (
    <span className="tile-value">
      {number}
      {suffix !== '' && <small>{suffix}</small>}
    </span>
  );
}
