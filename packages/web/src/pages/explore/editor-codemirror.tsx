import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import { useEffect, useRef, useState } from 'react';

export interface EditorProps {
  readonly value: string;
  readonly label: string;
  readonly onChange: (value: string) => void;
  readonly onRun: () => void;
  readonly onFocus?: () => void;
  readonly autoFocus?: boolean;
}

const look = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'transparent', color: 'var(--text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': { fontFamily: 'var(--mono)', padding: '6px 0', caretColor: 'var(--text)', minHeight: '20px' },
  '.cm-line': { padding: '0 4px' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-placeholder': { color: 'var(--text-dim)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection': { background: 'var(--accent-soft) !important' },
  '&.cm-focused .cm-matchingBracket': { backgroundColor: 'var(--accent-soft)', outline: '1px solid var(--line-strong)' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line-strong)', borderRadius: '6px', boxShadow: 'var(--shadow)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12px', maxHeight: '280px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px', lineHeight: '18px' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--accent-soft) !important', color: 'var(--text) !important' },
  '.cm-completionDetail': { color: 'var(--text-dim)', fontStyle: 'normal', marginLeft: '12px' },
  '.cm-completionInfo': { padding: '6px 10px', maxWidth: '360px', fontFamily: 'var(--font)' },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent)', fontWeight: '600' },
  '.cm-diagnostic': { borderLeft: '3px solid var(--bad)', fontFamily: 'var(--font)', padding: '6px 10px' },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--code-keyword)' },
  { tag: tags.function(tags.variableName), color: 'var(--code-function)' },
  { tag: tags.labelName, color: 'var(--code-label)' },
  { tag: tags.string, color: 'var(--code-string)' },
  { tag: [tags.number, tags.special(tags.number)], color: 'var(--code-number)' },
  { tag: tags.operator, color: 'var(--code-keyword)' },
  { tag: tags.lineComment, color: 'var(--text-dim)' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

/** CodeMirror with Prometheus' own completion and linter. Ctrl-Enter or Enter runs, Shift-Enter breaks the line. */
export function CodeMirrorEditor({ value, label, onChange, onRun, onFocus, autoFocus = false }: EditorProps) {
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const handlers = useRef({ onChange, onRun, onFocus });
  const [initial] = useState({ value, autoFocus });

  useEffect(() => {
    handlers.current = { onChange, onRun, onFocus };
  });

  useEffect(() => {
    const promql = new PromQLExtension().setComplete({ remote: { url: '', httpMethod: 'GET', cache: { maxAge: 60_000 } } });
    const run = (): boolean => {
      handlers.current.onRun();
      return true;
    };
    const created = new EditorView({
      parent: box.current!,
      state: EditorState.create({
        doc: initial.value,
        extensions: [
          look,
          syntaxHighlighting(colours),
          history(),
          indentOnInput(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false, maxRenderedOptions: 60 }),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false' }),
          placeholder('A PromQL expression, e.g. up'),
          promql.asExtension(),
          Prec.highest(keymap.of([{ key: 'Mod-Enter', run }])),
          keymap.of([
            ...closeBracketsKeymap,
            ...completionKeymap,
            { key: 'Enter', run },
            { key: 'Shift-Enter', run: insertNewlineAndIndent },
            ...defaultKeymap,
            ...historyKeymap,
            ...lintKeymap,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) handlers.current.onChange(update.state.doc.toString());
            if (update.focusChanged && update.view.hasFocus) handlers.current.onFocus?.();
          }),
        ],
      }),
    });
    view.current = created;
    if (initial.autoFocus) created.focus();
    return () => {
      created.destroy();
      promql.destroy();
      view.current = undefined;
    };
    // The document is kept in step by the effect below.
  }, [label, initial]);

  useEffect(() => {
    const editor = view.current;
    const current = editor?.state.doc.toString();
    if (editor && current !== value) editor.dispatch({ changes: { from: 0, to: current!.length, insert: value } });
  }, [value]);

  return <div ref={box} className="editor-box" />;
}
