import { Popover } from '@mantine/core';
import { IconCalendarTime, IconChevronLeft, IconChevronRight, IconZoomOut } from '@tabler/icons-react';
import { useState } from 'react';
import { describeRange, isRelative, localText, parseInstant, PRESETS, rangeProblem, resolveRange, shiftRange, widenRange, type TimeRange } from '../time/range.ts';
import { sayUtc } from '../time/phrase.ts';
import { useTimeWindow } from '../time/time-window.tsx';

export function TimePicker() {
  const { range, startMs, endMs, setRange, nowMs } = useTimeWindow();
  const [open, setOpen] = useState(false);
  const choose = (next: TimeRange): void => {
    setOpen(false);
    setRange(next);
  };
  return (
    <span className="tools">
      <button type="button" className="tool only-wide" aria-label="Earlier" title="Earlier" onClick={() => setRange(shiftRange(range, -1, Date.now()))}>
        <IconChevronLeft size={16} stroke={1.75} aria-hidden />
      </button>
      <Popover opened={open} onChange={setOpen} position="bottom-end" shadow="md" trapFocus withinPortal>
        <Popover.Target>
          <button
            type="button"
            className="tool"
            data-testid="time-range"
            aria-haspopup="dialog"
            aria-expanded={open}
            title={`${sayUtc(startMs)} to ${sayUtc(endMs)}`}
            onClick={() => setOpen(!open)}
          >
            <IconCalendarTime size={16} stroke={1.75} aria-hidden />
            {describeRange(range, nowMs)}
          </button>
        </Popover.Target>
        <Popover.Dropdown>
          {open && <RangeEditor range={range} nowMs={nowMs} onChoose={choose} />}
        </Popover.Dropdown>
      </Popover>
      <button
        type="button"
        className="tool only-wide"
        aria-label="Later"
        title="Later"
        disabled={range.to === 'now'}
        onClick={() => setRange(shiftRange(range, 1, Date.now()))}
      >
        <IconChevronRight size={16} stroke={1.75} aria-hidden />
      </button>
      <button type="button" className="tool only-wide" aria-label="Zoom out" title="Zoom out" onClick={() => setRange(widenRange(range, Date.now()))}>
        <IconZoomOut size={16} stroke={1.75} aria-hidden />
      </button>
    </span>
  );
}

interface EditorProps {
  readonly range: TimeRange;
  readonly nowMs: number;
  readonly onChoose: (range: TimeRange) => void;
}

function RangeEditor({ range, nowMs, onChoose }: EditorProps) {
  const [from, setFrom] = useState(() => textFor(range, 'from'));
  const [to, setTo] = useState(() => textFor(range, 'to'));
  const problem = rangeProblem({ from, to }, nowMs);
  const apply = (): void => {
    if (problem === undefined) onChoose({ from: forUrl(from), to: forUrl(to) });
  };
  return (
    <div className="range-editor">
      <form
        style={{ display: 'grid', gap: 10, alignContent: 'start' }}
        onSubmit={(event) => {
          event.preventDefault();
          apply();
        }}
      >
        <h2>Absolute range</h2>
        <label style={{ display: 'grid', gap: 4 }}>
          <span className="dim">From, in your time zone</span>
          <input className="filter" style={{ width: 'auto' }} value={from} onChange={(event) => setFrom(event.currentTarget.value)} data-autofocus />
        </label>
        <label style={{ display: 'grid', gap: 4 }}>
          <span className="dim">To</span>
          <input className="filter" style={{ width: 'auto' }} value={to} onChange={(event) => setTo(event.currentTarget.value)} />
        </label>
        <span className={problem === undefined ? 'dim' : 'bad'} role={problem === undefined ? undefined : 'alert'}>
          {problem ?? 'Also understood: now, now-90m, now-2d, 2026-03-09.'}
        </span>
        <button type="submit" className="tool primary" disabled={problem !== undefined}>
          Show this range
        </button>
      </form>
      <div className="range-presets" role="group" aria-label="Relative ranges">
        {PRESETS.map((preset) => (
          <button
            key={preset.from}
            type="button"
            aria-pressed={range.to === 'now' && range.from === preset.from}
            onClick={() => onChoose({ from: preset.from, to: 'now' })}
          >
            {preset.label}
          </button>
        ))}
      </div>
    </div>
  );
}

function textFor(range: TimeRange, side: 'from' | 'to'): string {
  if (isRelative(range)) return range[side];
  const { startMs, endMs } = resolveRange(range, Date.now());
  return localText(side === 'from' ? startMs : endMs);
}

/** Times without a zone are the viewer's own; a shared link must not depend on that. */
function forUrl(text: string): string {
  const trimmed = text.trim();
  if (trimmed.startsWith('now')) return trimmed;
  return `${new Date(parseInstant(trimmed, Date.now()) ?? Date.now()).toISOString().slice(0, 19)}Z`;
}
