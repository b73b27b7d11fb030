import type { ReactNode } from 'react';
import { Age } from './age.tsx';
import { RequestFailure } from '../api/request.ts';
import { messageOf, Skeleton } from './states.tsx';
import { ToneIcon, type Tone } from './tone.tsx';

const WORDS: Readonly<Record<Tone, string>> = { ok: 'All well.', warn: 'Warning.', bad: 'Problem.', info: 'Note.', none: 'Unknown.' };

export interface Verdict {
  readonly tone: Tone;
  readonly text: string;
  /** What else was found, most severe first. */
  readonly details?: readonly string[];
}

/** When the answer cannot be read any more, what was read before is no answer. */
export const unreadVerdict = (error: Error, shown: boolean): Verdict => ({
  tone: 'bad',
  text: `${error instanceof RequestFailure && error.status > 0 ? 'Pitot cannot say how things are: ' : ''}${messageOf(error)}${shown ? ' What stands below is the last that was read.' : ''}`,
});

interface SentenceProps {
  readonly verdict: Verdict | undefined;
  /** When the data behind it was last read, in milliseconds. */
  readonly asOfMs?: number | undefined;
  /** The verdict's text with links in it. */
  readonly linked?: ReactNode;
  readonly children?: ReactNode;
}

/** The first line of a page: the answer, before anything else. */
export function Sentence({ verdict, asOfMs, linked, children }: SentenceProps) {
  if (verdict === undefined) {
    return (
      <div className="sentence" data-tone="none" role="status" aria-label="Loading">
        <Skeleton height={20} width="60%" />
      </div>
    );
  }
  return (
    <section className="sentence" data-tone={verdict.tone} role="status" data-testid="sentence">
      <ToneIcon tone={verdict.tone} size={20} />
      <div className="grow">
        <span className="word">{WORDS[verdict.tone]}</span> {linked ?? verdict.text}
        {verdict.details !== undefined && verdict.details.length > 0 && (
          <ul>
            {verdict.details.map((detail) => (
              <li key={detail}>{detail}</li>
            ))}
          </ul>
        )}
        {children}
      </div>
      {asOfMs !== undefined && (
        <span className="age">
          <Age of={asOfMs} prefix="checked " />
        </span>
      )}
    </section>
  );
}
