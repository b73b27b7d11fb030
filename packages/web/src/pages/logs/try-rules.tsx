import type { TryRulesAnswer } from '@pitot/core';
import { Modal } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { tryRules } from '../../api/log-queries.ts';
import { countOf, listOf } from '../../time/phrase.ts';
import { Failure } from '../../ui/states.tsx';
import { Badge } from '../../ui/tone.tsx';
import { SeverityMark } from './log-histogram.tsx';
import { Template } from './pattern-table.tsx';

const EXAMPLE = '{"level":"error","msg":"payment of ada@example.com refused","card":"4111 1111 1111 1111","took_ms":31}';

/** What the ingest rules in force would make of a line: parsed, redacted, kept or dropped. Nothing is written. */
export function TryRules({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const [body, setBody] = useState(EXAMPLE);
  const [service, setService] = useState('');
  const trial = useMutation({ mutationFn: tryRules });
  return (
    <Modal opened={opened} onClose={onClose} title="Try the rules on a line" size="lg" transitionProps={{ duration: 100 }}>
      <form
        className="log-trial"
        onSubmit={(event) => {
          event.preventDefault();
          trial.mutate({ body, service });
        }}
      >
        <p className="dim">
          Lines are parsed, dropped or sampled, and redacted before anything is stored, by the <code>logs</code> section of the configuration. Nothing you write here is kept.
        </p>
        <label>
          Line
          <textarea rows={4} value={body} spellCheck={false} onChange={(event) => setBody(event.currentTarget.value)} />
        </label>
        <label>
          Service, where rules ask for one
          <input className="filter" value={service} onChange={(event) => setService(event.currentTarget.value)} />
        </label>
        <div>
          <button type="submit" className="tool primary" disabled={trial.isPending || body === ''}>
            Try
          </button>
        </div>
        {trial.error !== null && <Failure what="The trial" error={trial.error} />}
        {trial.data !== undefined && <Outcome answer={trial.data} />}
      </form>
    </Modal>
  );
}

function Outcome({ answer }: { readonly answer: TryRulesAnswer }) {
  const redactions = Object.entries(answer.redactions);
  const attributes = Object.entries(answer.attributes);
  const by = answer.decided_by === null ? '' : ` by the rule “${answer.decided_by}”`;
  return (
    <section className="log-outcome" aria-label="Outcome" aria-live="polite">
      <div className="row wrap">
        <Badge tone={answer.kept ? 'ok' : 'warn'}>{answer.kept ? `Kept${by}` : `Dropped${by}`}</Badge>
        <SeverityMark severity={answer.severity} />
        <span>{redactions.length === 0 ? 'Nothing was redacted.' : `Redacted: ${listOf(redactions.map(([kind, count]) => `${countOf(count, kind, kind)}`), 8)}.`}</span>
      </div>
      <h3>Stored as</h3>
      <pre className="log-stored">
        {answer.body.split(/(\[redacted[^\]]*\])/).map((text, i) => (text.startsWith('[redacted') ? <mark key={i}>{text}</mark> : text))}
      </pre>
      {attributes.length > 0 && (
        <>
          <h3>{countOf(attributes.length, 'attribute')}</h3>
          <dl className="log-values">
            {attributes.map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd data-type={typeof value}>{String(value)}</dd>
              </div>
            ))}
          </dl>
        </>
      )}
      {answer.pattern !== null && (
        <>
          <h3>Pattern it would join</h3>
          <Template template={answer.pattern} />
        </>
      )}
    </section>
  );
}
