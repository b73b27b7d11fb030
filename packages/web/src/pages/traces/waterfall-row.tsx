import type { Span } from '@pitot/core';
import { IconAlertOctagon, IconChevronDown, IconChevronRight, IconFlame, IconRepeat, IconUnlink } from '@tabler/icons-react';
import { memo } from 'react';
import { countOf } from '../../time/phrase.ts';
import { barOf, type TimeView } from './time-scale.ts';
import { sayUs } from './trace-verdict.ts';

/** A piece of the critical path that lies in a span. */
export interface PathPiece {
  readonly startUs: number;
  readonly endUs: number;
}

interface WaterfallRowProps {
  readonly id: string;
  readonly span: Span;
  readonly topPx: number;
  readonly heightPx: number;
  readonly view: TimeView;
  readonly colour: string;
  readonly isSelected: boolean;
  readonly isOrigin: boolean;
  /** Above a match, not one itself. */
  readonly isFaint: boolean;
  readonly isOrphan: boolean;
  /** Spans beneath; 0 for a leaf. */
  readonly hiddenCount: number;
  readonly hiddenErrors: number;
  readonly isOpen: boolean | undefined;
  readonly attempt: number;
  readonly path: readonly PathPiece[] | undefined;
  readonly onSelect: (spanId: string) => void;
  readonly onToggle: (spanId: string) => void;
}

/** Deeper spans are not moved further to the right, or their names would have no room. */
const MOST_INDENTS = 14;
/** A bar narrower than this share of the view, far on the right, has its length written before it. */
const RIGHT_SHARE = 0.86;

/** One span: what it is on the left, when it ran on the right. Drawn again only when something of it changes. */
export const WaterfallRow = memo(function WaterfallRow(props: WaterfallRowProps) {
  const { id, span, topPx, heightPx, isSelected, isFaint, isOpen, onSelect } = props;
  const failed = span.status === 'error';
  return (
    <div
      id={id}
      className="span-row"
      role="treeitem"
      aria-level={span.depth + 1}
      aria-selected={isSelected}
      aria-expanded={isOpen}
      aria-label={`${span.service} ${span.operation}, ${sayUs(span.duration_us)}${failed ? ', failed' : ''}${props.isOrigin ? ', where the error began' : ''}`}
      data-failed={failed}
      data-faint={isFaint}
      style={{ height: heightPx, transform: `translateY(${topPx}px)` }}
      onClick={() => onSelect(span.span_id)}
    >
      <NameCell {...props} />
      <BarCell {...props} />
    </div>
  );
});

function NameCell({ span, colour, isOpen, isOrigin, isOrphan, hiddenCount, hiddenErrors, attempt, onToggle }: WaterfallRowProps) {
  const failed = span.status === 'error';
  return (
    <div className="span-name" style={{ paddingLeft: `calc(4px + ${Math.min(span.depth, MOST_INDENTS)} * var(--indent))` }} title={`${span.service} › ${span.operation}${span.peer === '' ? '' : ` → ${span.peer}`}`}>
      {isOpen === undefined ? (
        <span className="twig" />
      ) : (
        <button
          type="button"
          className="twig"
          tabIndex={-1}
          aria-hidden
          onClick={(event) => {
            event.stopPropagation();
            onToggle(span.span_id);
          }}
        >
          {isOpen ? <IconChevronDown size={13} /> : <IconChevronRight size={13} />}
        </button>
      )}
      <i className="service-dot" style={{ background: colour }} />
      {failed && <IconAlertOctagon size={14} className="bad" aria-hidden />}
      <span className="label">
        <span className="dim">{span.service}</span> {span.operation}
      </span>
      {isOrigin && (
        <span className="mark bad" title="Where the error began">
          <IconFlame size={13} aria-hidden /> origin
        </span>
      )}
      {attempt > 0 && (
        <span className="mark" title={attempt === 1 ? 'Tried again after this one failed' : `Attempt ${attempt} at the same call`}>
          <IconRepeat size={12} aria-hidden /> {attempt}
        </span>
      )}
      {isOrphan && (
        <span className="mark warn" title="Its parent has not come">
          <IconUnlink size={12} aria-hidden />
        </span>
      )}
      {isOpen === false && (
        <span className="mark" title={`${countOf(hiddenCount, 'span')} beneath${hiddenErrors > 0 ? `, ${hiddenErrors} of them failed` : ''}`}>
          +{hiddenCount.toLocaleString('en-US')}
          {hiddenErrors > 0 && <IconAlertOctagon size={12} className="bad" aria-hidden />}
        </span>
      )}
    </div>
  );
}

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;

function BarCell({ span, view, colour, path }: WaterfallRowProps) {
  const end = span.start_us + span.duration_us;
  const bar = barOf(view, span.start_us, end);
  if (bar === undefined) return <div className="span-time" data-outside={end < view.startUs ? 'before' : 'after'} />;
  const right = bar.left + bar.width;
  const before = right > RIGHT_SHARE;
  return (
    <div className="span-time">
      <i className="bar" style={{ left: percent(bar.left), width: percent(bar.width), background: colour }} />
      {path?.map(({ startUs, endUs }) => {
        const piece = barOf(view, startUs, endUs);
        return piece && <i key={startUs} className="critical" style={{ left: percent(piece.left), width: percent(piece.width) }} />;
      })}
      <span className="length num" style={before ? { right: percent(1 - bar.left), marginRight: 5 } : { left: percent(right), marginLeft: 5 }} data-inside={before && bar.left < 0.1}>
        {sayUs(span.duration_us)}
      </span>
    </div>
  );
}
