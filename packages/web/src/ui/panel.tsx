import type { ReactNode } from 'react';

interface PanelProps {
  readonly title: string;
  readonly note?: ReactNode;
  readonly actions?: ReactNode;
  /** Content reaches the panel's edges (tables). */
  readonly flush?: boolean;
  readonly id?: string;
  readonly children: ReactNode;
}

export function Panel({ title, note, actions, flush = false, id, children }: PanelProps) {
  return (
    <section className="panel" aria-label={title} id={id}>
      <header className="panel-head">
        <h2>{title}</h2>
        {note !== undefined && <span className="note">{note}</span>}
        <span className="grow" />
        {actions}
      </header>
      <div className={flush ? 'panel-body flush' : 'panel-body'}>{children}</div>
    </section>
  );
}
