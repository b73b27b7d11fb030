import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useState } from 'react';
import { useLiveEvents } from '../api/live-events.ts';
import { statusQuery } from '../api/status-query.ts';
import { TimeWindowProvider } from '../time/time-window.tsx';
import { Header } from './header.tsx';
import { NAVIGATION, titleOf } from './navigation.ts';

const Palette = lazy(() => import('./palette.tsx').then((module) => ({ default: module.Palette })));

export function Shell() {
  const [railOpen, setRailOpen] = useState(false);
  const [searched, setSearched] = useState(false);
  useLiveEvents();
  const { pathname } = useLocation();
  useEffect(() => {
    document.title = titleOf(pathname);
  }, [pathname]);
  // The palette's code comes with the first search, and stays.
  const search = (): void => {
    setSearched(true);
    void import('./palette.tsx').then((module) => module.openPalette());
  };
  useHotkeys([['mod+K', search], ['/', search]], ['INPUT', 'TEXTAREA', 'SELECT']);
  // Ctrl-K also from inside an editor or a field, where "/" is a character.
  useHotkeys([['mod+K', search]], [], true);

  return (
    <TimeWindowProvider>
      <a className="skip-link" href="#main">
        Skip to the content
      </a>
      <div className="shell" data-rail={railOpen ? 'open' : 'closed'}>
        <Rail onNavigate={() => setRailOpen(false)} />
        <button type="button" className="rail-veil" aria-label="Close the navigation" onClick={() => setRailOpen(false)} />
        <Header onSearch={search} onRail={() => setRailOpen(true)} />
        <main className="main" id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      {searched && (
        <Suspense>
          <Palette />
        </Suspense>
      )}
    </TimeWindowProvider>
  );
}

function Rail({ onNavigate }: { readonly onNavigate: () => void }) {
  const { data: status } = useQuery(statusQuery);
  return (
    <nav className="rail" aria-label="Pages">
      <Link to="/" className="brand" onClick={onNavigate}>
        <img src="/pitot.svg" width={22} height={22} alt="" />
        Pitot
      </Link>
      {NAVIGATION.map((group, i) => (
        <div key={group.label ?? i} role="group" aria-label={group.label}>
          {group.label !== undefined && <div className="rail-group">{group.label}</div>}
          {group.links.map(({ to, label, icon: Icon }) => (
            <Link key={to} to={to} className="rail-link" onClick={onNavigate} activeOptions={{ exact: to === '/', includeSearch: false }}>
              <Icon size={17} stroke={1.6} aria-hidden />
              {label}
            </Link>
          ))}
        </div>
      ))}
      <div className="rail-foot">{status === undefined ? ' ' : `Pitot ${status.version}`}</div>
    </nav>
  );
}
