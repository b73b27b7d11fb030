import './access.css';
import type { ReactNode } from 'react';

/** The frame of the pages in front of the login. */
export function AccessCard({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <main className="access">
      <div className="access-card">
        <div className="row">
          <img src="/pitot.svg" width={26} height={26} alt="" />
          <h1>{title}</h1>
        </div>
        {children}
      </div>
    </main>
  );
}
