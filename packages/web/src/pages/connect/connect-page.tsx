import './connect.css';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { connectSourcesQuery, instantQuery, keysQuery } from '../../api/queries.ts';
import { statusQuery } from '../../api/status-query.ts';
import { requestJson } from '../../api/request.ts';
import { useNow } from '../../time/time-window.tsx';
import { Age } from '../../ui/age.tsx';
import { CopyLine } from '../../ui/copy-line.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Sentence, type Verdict } from '../../ui/sentence.tsx';
import { Failure, messageOf, SkeletonRows } from '../../ui/states.tsx';
import { Badge } from '../../ui/tone.tsx';
import { countOf, listOf } from '../../time/phrase.ts';
import { liveServices } from '../overview/verdict.ts';
import { arrivalOf, LANGUAGES_EXPRESSION, languagesOf, type Arrival } from './arrival.ts';
import { recipesFor, targetOf, type Recipe } from './recipes.ts';

const PLACEHOLDER_KEY = 'YOUR_API_KEY';
const LANGUAGES_EVERY_MS = 5000;

export function ConnectPage() {
  const status = useQuery(statusQuery);
  const sources = useQuery(connectSourcesQuery);
  const { data: languageAnswer } = useQuery({ ...instantQuery(LANGUAGES_EXPRESSION, undefined), refetchInterval: LANGUAGES_EVERY_MS });
  const languages = languagesOf(languageAnswer);
  const nowMs = useNow();
  const [key, setKey] = useState<string | undefined>(undefined);
  const [chosen, setChosen] = useState('node');
  const needsKey = status.data?.auth === 'required';
  const list = sources.data?.sources ?? [];

  if (status.data === undefined) {
    return (
      <div className="page">
        <Panel title="Connect" flush>
          {status.error === null ? <SkeletonRows rows={8} /> : <Failure what="The server's addresses" error={status.error} onRetry={() => void status.refetch()} />}
        </Panel>
      </div>
    );
  }
  const recipes = recipesFor(targetOf(status.data.listeners, location.origin, needsKey ? (key ?? PLACEHOLDER_KEY) : undefined));
  const recipe = recipes.find((candidate) => candidate.id === chosen) ?? recipes[0]!;
  return (
    <div className="page">
      <h1 className="visually-hidden">Connect</h1>
      <Sentence verdict={verdictOf(sources.data === undefined ? undefined : liveServices(list, nowMs))} asOfMs={sources.dataUpdatedAt || undefined} />
      {needsKey && <KeyMaker apiKey={key} onMade={setKey} />}
      <div className="connect">
        <div className="connect-list" role="tablist" aria-label="Ways to send data" aria-orientation="vertical">
          {recipes.map((candidate) => (
            <RecipeTab
              key={candidate.id}
              recipe={candidate}
              selected={candidate.id === recipe.id}
              arrival={arrivalOf(candidate, list, languages, nowMs)}
              onSelect={() => setChosen(candidate.id)}
            />
          ))}
        </div>
        <RecipeCard recipe={recipe} arrival={arrivalOf(recipe, list, languages, nowMs)} />
      </div>
      <p className="next" style={{ margin: 0 }}>
        <span>Next:</span>
        <Link to="/">See it on the overview</Link>
        <Link to="/explore/metrics">Look at the metrics that arrived</Link>
        <Link to="/explore/traces">Look at the traces that arrived</Link>
        {!needsKey && <span>This server listens on this machine only, so no key is needed.</span>}
      </p>
    </div>
  );
}

function verdictOf(services: readonly string[] | undefined): Verdict | undefined {
  if (services === undefined) return undefined;
  if (services.length === 0) return { tone: 'info', text: 'No service sends yet. Copy the lines for yours; this page notices the first data by itself.' };
  return { tone: 'ok', text: `${countOf(services.length, 'service')} ${services.length === 1 ? 'sends' : 'send'} now: ${listOf(services, 5)}.` };
}

interface TabProps {
  readonly recipe: Recipe;
  readonly selected: boolean;
  readonly arrival: Arrival;
  readonly onSelect: () => void;
}

function RecipeTab({ recipe, selected, arrival, onSelect }: TabProps) {
  return (
    <button
      type="button"
      role="tab"
      id={`tab-${recipe.id}`}
      aria-selected={selected}
      aria-controls="recipe"
      tabIndex={selected ? 0 : -1}
      className="connect-tab"
      onClick={onSelect}
      onKeyDown={(event) => {
        const to = event.key === 'ArrowDown' ? event.currentTarget.nextElementSibling : event.key === 'ArrowUp' ? event.currentTarget.previousElementSibling : null;
        if (!(to instanceof HTMLElement)) return;
        event.preventDefault();
        to.focus();
        to.click();
      }}
    >
      <span className="grow">{recipe.title}</span>
      <ArrivalBadge arrival={arrival} short />
    </button>
  );
}

function ArrivalBadge({ arrival, short = false }: { readonly arrival: Arrival; readonly short?: boolean }) {
  if (arrival.state === 'waiting') return short ? null : <Badge tone="none">Waiting</Badge>;
  return <Badge tone={arrival.state === 'live' ? 'ok' : 'info'}>{arrival.state === 'live' ? 'Arriving' : 'Arrived before'}</Badge>;
}

function RecipeCard({ recipe, arrival }: { readonly recipe: Recipe; readonly arrival: Arrival }) {
  return (
    <section className="panel" id="recipe" role="tabpanel" aria-labelledby={`tab-${recipe.id}`}>
      <header className="panel-head">
        <h2>{recipe.title}</h2>
        <span className="note">{recipe.what}</span>
      </header>
      <div className="panel-body connect-steps">
        {recipe.steps.map((step, i) => (
          <div key={step.label}>
            <h3 className="connect-step">
              {recipe.steps.length > 1 && `${i + 1}. `}
              {step.label}
            </h3>
            <CopyLine text={step.code} label={`Copy: ${step.label}`} />
          </div>
        ))}
        <div className="connect-arrival" data-tone={arrival.state === 'live' ? 'ok' : arrival.state === 'earlier' ? 'info' : 'none'} aria-live="polite" data-testid="arrival">
          <ArrivalBadge arrival={arrival} />
          <span>
            {arrival.text}
            {arrival.lastMs !== undefined && (
              <>
                , the last <Age of={arrival.lastMs} />
              </>
            )}
            .
          </span>
          {arrival.state === 'waiting' && <span className="dim">It turns green here within two seconds of the first data.</span>}
        </div>
      </div>
    </section>
  );
}

interface KeyMakerProps {
  readonly apiKey: string | undefined;
  readonly onMade: (key: string) => void;
}

function KeyMaker({ apiKey, onMade }: KeyMakerProps) {
  const queryClient = useQueryClient();
  const make = useMutation({
    mutationFn: () => requestJson<{ key: string }>('/api/v1/keys', { method: 'POST', body: { name: `Connect ${new Date().toISOString().slice(0, 10)}`, scopes: ['ingest'] } }),
    onSuccess: ({ key }) => {
      onMade(key);
      void queryClient.invalidateQueries({ queryKey: keysQuery.queryKey });
    },
  });
  return (
    <section className="panel" aria-label="API key">
      <div className="panel-head">
        {apiKey === undefined ? (
          <>
            <span className="grow">
              Senders need an API key with the scope <code>ingest</code>. Until one is made, the lines below say <code>{PLACEHOLDER_KEY}</code>.
            </span>
            <button type="button" className="tool primary" disabled={make.isPending} onClick={() => make.mutate()}>
              Create a key and fill it in
            </button>
          </>
        ) : (
          <span>The new key stands in the lines below. It is shown only now: copy what you need before you leave this page.</span>
        )}
        {make.error !== null && <span className="bad">{messageOf(make.error)}</span>}
      </div>
    </section>
  );
}
