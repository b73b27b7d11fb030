import { CopyButton, Menu } from '@mantine/core';
import { IconBraces, IconDownload, IconFilter, IconLink, IconPlayerPlay, IconPlayerStop, IconTerminal2, IconTextWrap, IconWand } from '@tabler/icons-react';
import { logAddress, type LogQuestion } from '../../api/log-queries.ts';
import { formatValue } from '../../units/format.ts';
import type { Tail } from './use-tail.ts';

interface LogsToolbarProps {
  readonly view: 'lines' | 'patterns';
  readonly onView: (view: 'lines' | 'patterns') => void;
  readonly wrap: boolean;
  readonly onWrap: () => void;
  readonly live: boolean;
  readonly onLive: () => void;
  readonly tail: Tail;
  readonly filtersOpen: boolean;
  readonly onFilters: () => void;
  readonly onTry: () => void;
  readonly question: LogQuestion;
}

/** Lines or patterns, live tail, and what can be taken away: files, a link, a command. */
export function LogsToolbar(props: LogsToolbarProps) {
  const { view, live, tail } = props;
  return (
    <div className="log-toolbar">
      <span className="tools" role="group" aria-label="Show">
        <button type="button" className="tool" aria-pressed={view === 'lines'} onClick={() => props.onView('lines')}>
          Lines
        </button>
        <button type="button" className="tool" aria-pressed={view === 'patterns'} onClick={() => props.onView('patterns')}>
          Patterns
        </button>
      </span>
      <button type="button" className="tool log-filters" aria-pressed={props.filtersOpen} onClick={props.onFilters}>
        <IconFilter size={15} stroke={1.75} aria-hidden /> Filters
      </button>
      {view === 'lines' && (
        <>
          <button type="button" className="tool" aria-pressed={live} onClick={props.onLive} title={live ? 'Stop following' : 'Follow new lines as they arrive'}>
            {live ? <IconPlayerStop size={15} stroke={1.75} aria-hidden /> : <IconPlayerPlay size={15} stroke={1.75} aria-hidden />} Live
          </button>
          {live && <TailState tail={tail} />}
        </>
      )}
      <span className="grow" />
      {view === 'lines' && (
        <button type="button" className="tool" aria-pressed={props.wrap} onClick={props.onWrap} title="Show lines whole">
          <IconTextWrap size={15} stroke={1.75} aria-hidden /> <span className="only-wide">Wrap</span>
        </button>
      )}
      <button type="button" className="tool" onClick={props.onTry} title="What the ingest rules make of a line">
        <IconWand size={15} stroke={1.75} aria-hidden /> <span className="only-wide">Try the rules on a line</span>
      </button>
      <TakeAway question={props.question} />
    </div>
  );
}

function TailState({ tail }: { readonly tail: Tail }) {
  const words = {
    opening: 'Opening the tail…',
    interrupted: 'Interrupted; trying again',
    following: `${formatValue(Number(tail.perSecond.toPrecision(2)), 'none')} lines a second${tail.skipped > 0 ? `, ${tail.skipped.toLocaleString('en-US')} skipped: more arrive than can be shown` : ''}`,
  };
  return (
    <span className={`log-tail ${tail.state === 'interrupted' ? 'warn' : 'dim'}`} role="status">
      <i data-state={tail.state} aria-hidden /> {words[tail.state]}
    </span>
  );
}

function TakeAway({ question }: { readonly question: LogQuestion }) {
  const curl = `curl '${location.origin}${logAddress('', question, { limit: 100 })}'`;
  return (
    <Menu position="bottom-end" shadow="md" withinPortal closeOnItemClick={false}>
      <Menu.Target>
        <button type="button" className="tool" aria-label="Export and share" title="Export and share">
          <IconDownload size={15} stroke={1.75} aria-hidden /> <span className="only-wide">Export</span>
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>All lines found, newest first</Menu.Label>
        <Menu.Item component="a" href={logAddress('/export', question, { format: 'ndjson' })} download leftSection={<IconBraces size={15} stroke={1.75} />}>
          NDJSON, a record a line
        </Menu.Item>
        <Menu.Item component="a" href={logAddress('/export', question, { format: 'csv' })} download leftSection={<IconDownload size={15} stroke={1.75} />}>
          CSV, for a spreadsheet
        </Menu.Item>
        <Menu.Divider />
        <CopyButton value={location.href}>
          {({ copied, copy }) => (
            <Menu.Item onClick={copy} leftSection={<IconLink size={15} stroke={1.75} />}>
              {copied ? 'Link copied' : 'Copy a link to this view'}
            </Menu.Item>
          )}
        </CopyButton>
        <CopyButton value={curl}>
          {({ copied, copy }) => (
            <Menu.Item onClick={copy} leftSection={<IconTerminal2 size={15} stroke={1.75} />}>
              {copied ? 'Command copied' : 'Copy as curl'}
            </Menu.Item>
          )}
        </CopyButton>
      </Menu.Dropdown>
    </Menu>
  );
}
