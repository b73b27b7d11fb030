import { useQuery } from '@tanstack/react-query';
import { labelValuesQuery } from '../../api/queries.ts';
import { Panel } from '../../ui/panel.tsx';
import { examplesFor } from './example-queries.ts';

/** Questions worth asking of the metrics that are really there. */
export function Examples({ onPick }: { readonly onPick: (expression: string) => void }) {
  const { data: names } = useQuery(labelValuesQuery('__name__'));
  const examples = examplesFor(names ?? []);
  return (
    <Panel title="Ask something" note="pick a metric, write PromQL, or start with one of these">
      <div className="examples">
        {examples.map(({ title, expression }) => (
          <button key={expression} type="button" className="example" onClick={() => onPick(expression)}>
            <span>{title}</span>
            <code>{expression}</code>
          </button>
        ))}
      </div>
      <p className="dim" style={{ margin: '12px 0 0' }}>
        <kbd>Enter</kbd> or <kbd>Ctrl</kbd> <kbd>Enter</kbd> runs · <kbd>Shift</kbd> <kbd>Enter</kbd> breaks the line · <kbd>Ctrl</kbd> <kbd>Space</kbd> completes ·
        drag across a chart zooms, double click returns
      </p>
    </Panel>
  );
}
