import type { Facet } from '@pitot/core';
import { IconChevronDown, IconChevronRight, IconMinus } from '@tabler/icons-react';
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { facetsQuery, type LogQuestion } from '../../api/log-queries.ts';
import { RequestFailure } from '../../api/request.ts';
import { isRelative } from '../../time/range.ts';
import { useTimeWindow } from '../../time/time-window.tsx';
import { Failure, SkeletonRows } from '../../ui/states.tsx';
import { formatValue } from '../../units/format.ts';
import { choicesOf, withoutChoice, type FieldChoice, type Narrowing } from './query-terms.ts';

interface FacetListProps {
  readonly question: LogQuestion;
  readonly onNarrow: (how: Narrowing, field: string, value: string) => void;
}

const MINUTE_MS = 60_000;
const VALUES = 8;
const MORE_VALUES = 100;
const NO_CHOICE: FieldChoice = { included: [], excluded: [] };
const DEFAULT: readonly string[] = [];

/** The values that the lines have, with how many have each: a click keeps those lines, the minus beside it removes them. */
export function FacetList({ question: asked, onNarrow }: FacetListProps) {
  const { range } = useTimeWindow();
  const question = useMemo(() => inSteps(asked, isRelative(range)), [asked, range]);
  const facets = useQuery({ ...facetsQuery(question, DEFAULT, VALUES), staleTime: MINUTE_MS });
  const choices = useMemo(() => choicesOf(question.query), [question.query]);
  // A field that is chosen by is counted as if it were not, so that its other values can be added.
  const chosen = [...choices].filter(([, choice]) => choice.included.length > 0).map(([field]) => field);
  const free = useQueries({ queries: chosen.map((field) => ({ ...facetsQuery({ ...question, query: withoutChoice(question.query, field) }, [field], VALUES), staleTime: MINUTE_MS })) });
  if (facets.data === undefined && facets.error instanceof RequestFailure && facets.error.code === 'bad_query') {
    return <p className="facet-note">Values are listed here as soon as the search can be read.</p>;
  }
  if (facets.data === undefined) {
    return facets.error === null ? <SkeletonRows rows={10} /> : <Failure what="The values" error={facets.error} stillWorks="The search works without them." onRetry={() => void facets.refetch()} />;
  }
  const freed = new Map(chosen.map((field, i) => [field, free[i]?.data?.facets[0]]));
  const listed = facets.data.facets.map((facet) => freed.get(facet.field) ?? facet);
  const absent = chosen.flatMap((field) => (listed.some((facet) => facet.field === field) ? [] : (freed.get(field) ?? [])));
  return (
    <div className="facets" data-stale={facets.isPlaceholderData}>
      {facets.data.sampled && <p className="facet-note">Counts are extrapolated from a sample.</p>}
      {[...absent, ...listed].map((facet) => (
        <FacetGroup key={facet.field} facet={facet} question={question} choice={choices.get(facet.field) ?? NO_CHOICE} onNarrow={onNarrow} />
      ))}
      {listed.length === 0 && absent.length === 0 && <p className="facet-note">Nothing to filter by: no line was found.</p>}
    </div>
  );
}

/** Counting values costs more than all else on the page: a range that moves with the clock is counted anew once a minute, and is as long as before. */
function inSteps(question: LogQuestion, relative: boolean): LogQuestion {
  if (!relative) return question;
  const { startMs, endMs } = question;
  const stepMs = Math.min(MINUTE_MS, (endMs - startMs) / 60);
  const aheadMs = Math.ceil(endMs / stepMs) * stepMs - endMs;
  return { ...question, startMs: startMs + aheadMs, endMs: endMs + aheadMs };
}

interface GroupProps extends FacetListProps {
  readonly facet: Facet;
  readonly choice: FieldChoice;
}

function FacetGroup({ facet, choice, question, onNarrow }: GroupProps) {
  const [open, setOpen] = useState(true);
  const [more, setMore] = useState(false);
  const { field } = facet;
  const all = useQuery({ ...facetsQuery({ ...question, query: withoutChoice(question.query, field) }, [field], MORE_VALUES), enabled: more });
  const counted = (more ? all.data?.facets[0]?.values : undefined) ?? facet.values;
  // What is chosen stays in the list, found or not.
  const missing = [...choice.included, ...choice.excluded].filter((value) => !counted.some((one) => one.value === value)).map((value) => ({ value, count: 0 }));
  const values = [...counted, ...missing];
  const most = Math.max(1, ...values.map(({ count }) => count));
  const Chevron = open ? IconChevronDown : IconChevronRight;
  return (
    <section className="facet" aria-label={`Filter by ${field}`}>
      <button type="button" className="facet-head" aria-expanded={open} onClick={() => setOpen(!open)} title={field}>
        <Chevron size={14} stroke={1.75} aria-hidden />
        <span className="facet-name">{field}</span>
        <span className="dim num">{facet.distinct > VALUES ? formatValue(facet.distinct, 'count') : ''}</span>
      </button>
      {open && (
        <ul>
          {values.map(({ value, count }) => (
            <FacetValue key={value} field={field} value={value} count={count} share={count / most} choice={choice} onNarrow={onNarrow} />
          ))}
          {!more && facet.distinct > facet.values.length && (
            <li>
              <button type="button" className="facet-more" onClick={() => setMore(true)}>
                {`Show ${Math.min(facet.distinct, MORE_VALUES) - facet.values.length} more`}
              </button>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

interface ValueProps {
  readonly field: string;
  readonly value: string;
  readonly count: number;
  readonly share: number;
  readonly choice: FieldChoice;
  readonly onNarrow: FacetListProps['onNarrow'];
}

function FacetValue({ field, value, count, share, choice, onNarrow }: ValueProps) {
  const included = choice.included.includes(value);
  const excluded = choice.excluded.includes(value);
  return (
    <li className="facet-value" data-state={included ? 'in' : excluded ? 'out' : undefined}>
      <button type="button" role="checkbox" aria-checked={included} onClick={() => onNarrow(included ? 'clear' : 'include', field, value)} title={included ? `Do not ask for ${value} any more` : `Only ${field} ${value}`}>
        <i className="facet-bar" style={{ width: `${share * 100}%` }} aria-hidden />
        <i className="facet-box" aria-hidden />
        <span className="facet-text">{value}</span>
        <span className="facet-count num">{formatValue(count, 'count')}</span>
      </button>
      <button type="button" className="facet-out" aria-pressed={excluded} aria-label={`Without ${field} ${value}`} title={excluded ? `Show ${value} again` : `Without ${value}`} onClick={() => onNarrow(excluded ? 'clear' : 'exclude', field, value)}>
        <IconMinus size={13} stroke={2} aria-hidden />
      </button>
    </li>
  );
}
