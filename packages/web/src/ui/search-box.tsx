import './search-box.css';
import { Menu } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconHistory, IconSearch, IconX } from '@tabler/icons-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { problemOf, type QueryProblem } from './search-completion.ts';
import { recentSearches, rememberSearch } from './recent-searches.ts';
import { SearchHelp } from './search-help.tsx';
import type { SearchEditorProps } from './search-editor.tsx';
import type { SuggestionSource } from './search-suggestions.ts';
import { ToneIcon } from './tone.tsx';

const SearchEditor = lazy(() => import('./search-editor.tsx').then((module) => ({ default: module.SearchEditor })));

interface SearchBoxProps extends SuggestionSource {
  /** The query in force. */
  readonly value: string;
  /** Called with a query that can be read, also when it is the one in force (search again). */
  readonly onRun: (query: string) => void;
  /** What the field is called to those who cannot see it, e.g. "Search logs". Recent searches are kept by it. */
  readonly label: string;
  readonly placeholder: string;
  /** What the server found wrong with the query in force. */
  readonly problem?: QueryProblem | undefined;
}

/** Long enough not to complain about what is still being written. */
const CHECK_AFTER_MS = 700;

/** Where a search is written: colours, completion, what is wrong and where, searches from before, and the language on a card. */
export function SearchBox({ value, onRun, label, placeholder, problem, ...source }: SearchBoxProps) {
  const [draft, setDraft] = useState({ of: value, text: value });
  const [refused, setRefused] = useState<string | undefined>(undefined);
  // What was written gives way to another query in force, as after going back or a click on a facet.
  if (draft.of !== value) setDraft({ of: value, text: value });
  const { text } = draft;
  const [settled] = useDebouncedValue(text, CHECK_AFTER_MS);
  const wrong = useMemo(() => {
    if (settled !== text && refused !== text) return undefined;
    const found = problemOf(text) ?? (text === value ? problem : undefined);
    // What is wrong at the very end may only not be finished; it is said when it is run.
    return found !== undefined && found.to >= text.length && refused !== text && text !== value ? undefined : found;
  }, [settled, text, refused, value, problem]);

  const change = (next: string): void => setDraft({ of: value, text: next });
  const run = (next: string): void => {
    change(next);
    if (problemOf(next) !== undefined) return setRefused(next);
    rememberSearch(label, next);
    onRun(next.trim());
  };
  const editor: SearchEditorProps = { ...source, value: text, label, placeholder, problem: wrong, onChange: change, onRun: run };

  return (
    <div className="search-box" role="search">
      <div className="search-line" data-wrong={wrong !== undefined}>
        <IconSearch size={16} stroke={1.75} aria-hidden className="search-icon" />
        <div className="grow">
          <Suspense fallback={<PlainSearch {...editor} />}>
            <SearchEditor {...editor} />
          </Suspense>
        </div>
        {text !== '' && (
          <button type="button" className="search-tool" aria-label="Clear the search" title="Clear" onClick={() => run('')}>
            <IconX size={15} stroke={1.75} aria-hidden />
          </button>
        )}
        <RecentMenu label={label} onPick={run} />
        <SearchHelp onPick={(example) => change(text.trim() === '' ? example : `${text.trimEnd()} ${example}`)} />
        <button type="button" className="search-run" onClick={() => run(text)}>
          Search
        </button>
      </div>
      {wrong !== undefined && (
        <div className="search-problem bad" role="alert">
          <ToneIcon tone="bad" size={14} /> {said(wrong.message)}
        </div>
      )}
    </div>
  );
}

const said = (message: string): string => `${message.charAt(0).toUpperCase()}${message.slice(1)}${/[.!?]$/.test(message) ? '' : '.'}`;

/** Stands in for the editor until its code has arrived, and can be typed into already. */
function PlainSearch({ value, label, placeholder, onChange, onRun }: SearchEditorProps) {
  return (
    <input
      className="search-plain"
      type="text"
      aria-label={label}
      placeholder={placeholder}
      value={value}
      spellCheck={false}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onRun(event.currentTarget.value);
      }}
    />
  );
}

function RecentMenu({ label, onPick }: { readonly label: string; readonly onPick: (query: string) => void }) {
  const [recent, setRecent] = useState<readonly string[]>([]);
  return (
    <Menu position="bottom-end" shadow="md" withinPortal onOpen={() => setRecent(recentSearches(label))}>
      <Menu.Target>
        <button type="button" className="search-tool" aria-label="Recent searches" title="Recent searches">
          <IconHistory size={16} stroke={1.75} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown className="search-recent">
        <Menu.Label>{recent.length === 0 ? 'What you search for is kept here, in this browser.' : 'Recent searches'}</Menu.Label>
        {recent.map((query) => (
          <Menu.Item key={query} onClick={() => onPick(query)}>
            <code>{query}</code>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
