import { IconEye, IconEyeOff, IconTrash } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { ToneIcon } from '../../ui/tone.tsx';
import type { EditorProps } from './editor-codemirror.tsx';
import { queryLetter } from './suggestions.ts';

const CodeMirrorEditor = lazy(() => import('./editor-codemirror.tsx').then((module) => ({ default: module.CodeMirrorEditor })));

interface QueryRowProps extends Omit<EditorProps, 'label'> {
  readonly index: number;
  readonly hidden: boolean;
  readonly onToggle: () => void;
  readonly onRemove: (() => void) | undefined;
  readonly error: Error | undefined;
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly summary: string;
}

/** One expression with its letter, what came of it and what the server had to say about it. */
export function QueryRow(props: QueryRowProps) {
  const letter = queryLetter(props.index);
  const label = `Query ${letter}`;
  const Eye = props.hidden ? IconEyeOff : IconEye;
  return (
    <div className="query-row" data-hidden={props.hidden}>
      <span className="query-letter" aria-hidden>
        {letter}
      </span>
      <div className="grow">
        <div className="query-editor">
          <Suspense fallback={<PlainEditor {...props} label={label} />}>
            <CodeMirrorEditor
              value={props.value}
              label={label}
              onChange={props.onChange}
              onRun={props.onRun}
              autoFocus={props.autoFocus ?? false}
              {...(props.onFocus && { onFocus: props.onFocus })}
            />
          </Suspense>
        </div>
        {props.error !== undefined && (
          <div className="query-note bad" role="alert">
            <ToneIcon tone="bad" size={14} /> Error: {props.error.message}
          </div>
        )}
        {props.warnings.map((warning) => (
          <div key={warning} className="query-note warn">
            <ToneIcon tone="warn" size={14} /> {warning}
          </div>
        ))}
        {props.infos.map((info) => (
          <div key={info} className="query-note dim">
            <ToneIcon tone="info" size={14} /> {info}
          </div>
        ))}
        {props.error === undefined && props.summary !== '' && <div className="query-note dim">{props.summary}</div>}
      </div>
      <button type="button" className="tool plain" aria-label={`${props.hidden ? 'Show' : 'Hide'} ${label}`} title={props.hidden ? 'Show' : 'Hide'} onClick={props.onToggle}>
        <Eye size={16} stroke={1.75} aria-hidden />
      </button>
      {props.onRemove && (
        <button type="button" className="tool plain" aria-label={`Remove ${label}`} title="Remove" onClick={props.onRemove}>
          <IconTrash size={16} stroke={1.75} aria-hidden />
        </button>
      )}
    </div>
  );
}

/** Stands in for the editor until its code has arrived, and can be typed into already. */
function PlainEditor({ value, label, onChange, onRun }: EditorProps) {
  return (
    <textarea
      className="plain-editor"
      rows={1}
      aria-label={label}
      value={value}
      spellCheck={false}
      onChange={(event) => onChange(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' || event.shiftKey) return;
        event.preventDefault();
        onRun();
      }}
    />
  );
}
