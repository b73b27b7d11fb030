import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, completionStatus, moveCompletionSelection, selectedCompletionIndex, startCompletion, type Completion, type CompletionContext, type CompletionResult } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { EditorState, Prec, StateEffect, StateField } from '@codemirror/state';
import { Decoration, EditorView, keymap, placeholder as placeholderOf, type DecorationSet } from '@codemirror/view';
import { tokenizeSearch } from '@pitot/core/search';
import { useEffect, useRef, useState } from 'react';
import { completingAt, queryWithout, writtenValue, type QueryProblem } from './search-completion.ts';
import { suggestFields, suggestValues, type SuggestionSource } from './search-suggestions.ts';

export interface SearchEditorProps extends SuggestionSource {
  readonly value: string;
  readonly label: string;
  readonly placeholder: string;
  readonly problem: QueryProblem | undefined;
  readonly onChange: (value: string) => void;
  readonly onRun: (value: string) => void;
}

const look = EditorView.theme({
  '&': { fontSize: '13px', backgroundColor: 'transparent', color: 'var(--text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { overflowX: 'auto', scrollbarWidth: 'none', lineHeight: '20px' },
  '.cm-content': { fontFamily: 'var(--mono)', padding: '6px 0', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0 2px' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-placeholder': { color: 'var(--text-dim)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground, ::selection': { background: 'var(--accent-soft) !important' },
  '.cm-tooltip': { backgroundColor: 'var(--surface)', color: 'var(--text)', border: '1px solid var(--line-strong)', borderRadius: '6px', boxShadow: 'var(--shadow)' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', fontSize: '12px', maxHeight: '280px', minWidth: '240px' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px', lineHeight: '18px', display: 'flex' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': { background: 'var(--accent-soft) !important', color: 'var(--text) !important' },
  '.cm-completionLabel': { flex: '1', overflow: 'hidden', textOverflow: 'ellipsis' },
  '.cm-completionDetail': { color: 'var(--text-dim)', fontStyle: 'normal', marginLeft: '16px' },
  '.cm-completionMatchedText': { textDecoration: 'none', color: 'var(--accent)', fontWeight: '600' },
});

const setProblem = StateEffect.define<QueryProblem | undefined>();

/** Colours of the pieces, and a wave under what cannot be read. */
const marks = StateField.define<{ readonly problem: QueryProblem | undefined; readonly set: DecorationSet }>({
  create: (state) => ({ problem: undefined, set: decorate(state.doc.toString(), undefined) }),
  update(value, transaction) {
    let { problem } = value;
    if (transaction.docChanged) problem = undefined;
    for (const effect of transaction.effects) if (effect.is(setProblem)) problem = effect.value;
    if (!transaction.docChanged && problem === value.problem) return value;
    return { problem, set: decorate(transaction.state.doc.toString(), problem) };
  },
  provide: (field) => EditorView.decorations.from(field, ({ set }) => set),
});

function decorate(query: string, problem: QueryProblem | undefined): DecorationSet {
  const pieces = tokenizeSearch(query).flatMap(({ kind, from, to }) => (from < to ? [Decoration.mark({ class: `search-${kind}` }).range(from, to)] : []));
  if (problem !== undefined && query !== '') {
    const from = Math.min(problem.from, query.length - 1);
    pieces.push(Decoration.mark({ class: 'search-wrong' }).range(from, Math.max(from + 1, Math.min(problem.to, query.length))));
  }
  return Decoration.set(pieces, true);
}

/** One line that is coloured as it is written, with completion of fields and values. Enter runs it; Tab takes what is offered. */
export function SearchEditor(props: SearchEditorProps) {
  const { value, label, placeholder, problem } = props;
  const box = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | undefined>(undefined);
  const live = useRef(props);
  const [initial] = useState({ value, focused: false });

  useEffect(() => {
    live.current = props;
  });
  useEffect(() => {
    const created = new EditorView({
      parent: box.current!,
      state: EditorState.create({
        doc: initial.value,
        extensions: [
          look,
          marks,
          history(),
          closeBrackets(),
          autocompletion({ icons: false, selectOnOpen: false, override: [(context) => complete(context, live.current)] }),
          EditorState.transactionFilter.of((transaction) => (transaction.newDoc.lines > 1 ? [transaction, { changes: joinLines(transaction.newDoc.toString()), sequential: true }] : transaction)),
          EditorView.contentAttributes.of({ 'aria-label': label, spellcheck: 'false', autocapitalize: 'off' }),
          placeholderOf(placeholder),
          Prec.high(
            keymap.of([
              {
                key: 'Enter',
                run: (editor) => {
                  if (completionStatus(editor.state) === 'active' && selectedCompletionIndex(editor.state) !== null) return acceptCompletion(editor);
                  live.current.onRun(editor.state.doc.toString());
                  return true;
                },
              },
              { key: 'Tab', run: takeOffered },
            ]),
          ),
          keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) live.current.onChange(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = created;
    return () => {
      created.destroy();
      view.current = undefined;
    };
  }, [initial, label, placeholder]);

  useEffect(() => {
    const editor = view.current;
    const current = editor?.state.doc.toString();
    if (editor && current !== value) editor.dispatch({ changes: { from: 0, to: current!.length, insert: value }, selection: { anchor: value.length } });
  }, [value]);
  useEffect(() => view.current?.dispatch({ effects: setProblem.of(problem) }), [problem]);

  return <div ref={box} className="search-editor" />;
}

/** What was pasted with line breaks stands on one line. */
function joinLines(text: string): { from: number; to: number; insert: string }[] {
  return [...text.matchAll(/\n/g)].map(({ index }) => ({ from: index, to: index + 1, insert: ' ' }));
}

function takeOffered(editor: EditorView): boolean {
  if (completionStatus(editor.state) !== 'active') return false;
  if (selectedCompletionIndex(editor.state) === null) moveCompletionSelection(true)(editor);
  return acceptCompletion(editor);
}

async function complete(context: CompletionContext, source: SuggestionSource): Promise<CompletionResult | null> {
  const query = context.state.doc.toString();
  const completing = completingAt(query, context.pos);
  if (completing === undefined || (completing.kind === 'field' && completing.text === '' && !context.explicit)) return null;
  const left = new AbortController();
  context.addEventListener('abort', () => left.abort(), { onDocChange: true });
  if (completing.kind === 'field') {
    const fields = await suggestFields(source, completing.text, left.signal);
    return { from: completing.from, options: fields.map(({ text, detail }) => ({ label: text, detail, apply: applyField })), validFor: /^[\w.@/$-]*$/ };
  }
  const values = await suggestValues(source, completing.field, queryWithout(query, completing.from), left.signal);
  return { from: completing.from, options: values.map(({ text, detail }, i) => ({ label: writtenValue(text), displayLabel: text, detail, boost: -i })), validFor: /^"?[^\s()"]*$/ };
}

/** A field is followed by its colon, and its values are offered at once. */
function applyField(editor: EditorView, { label }: Completion, from: number, to: number): void {
  const name = /^[@_\p{L}][\p{L}\p{N}_.\-/@$]*$/u.test(label) ? label : `"${label}"`;
  const colon = editor.state.sliceDoc(to, to + 1) === ':' ? '' : ':';
  editor.dispatch({ changes: { from, to, insert: `${name}${colon}` }, selection: { anchor: from + name.length + 1 }, userEvent: 'input.complete' });
  startCompletion(editor);
}
