import { IconMenu2, IconRefresh, IconSearch } from '@tabler/icons-react';
import { useIsFetching } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useQueryClient } from '@tanstack/react-query';
import { useTimeWindow } from '../time/time-window.tsx';
import { DEFAULT_REFRESH, REFRESH_INTERVALS, type RefreshInterval } from '../url/search.ts';
import { AccountMenu } from './account-menu.tsx';
import { EnvironmentSelect } from './environment-select.tsx';
import { ThemeMenu } from './theme-menu.tsx';
import { TimePicker } from './time-picker.tsx';

interface HeaderProps {
  readonly onSearch: () => void;
  readonly onRail: () => void;
}

export function Header({ onSearch, onRail }: HeaderProps) {
  return (
    <header className="header">
      <button type="button" className="tool plain only-narrow" aria-label="Open the navigation" onClick={onRail}>
        <IconMenu2 size={18} stroke={1.75} aria-hidden />
      </button>
      <button type="button" className="header-search" onClick={onSearch} aria-keyshortcuts="/ Control+K">
        <IconSearch size={15} stroke={1.75} aria-hidden />
        Search
        <kbd className="only-wide">/</kbd>
      </button>
      <span className="grow only-wide" />
      <EnvironmentSelect />
      <TimePicker />
      <RefreshControl />
      <ThemeMenu />
      <AccountMenu />
    </header>
  );
}

function RefreshControl() {
  const { refresh } = useTimeWindow();
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  const fetching = useIsFetching() > 0;
  const interval = search.refresh ?? DEFAULT_REFRESH;
  const refreshAll = (): void => {
    refresh();
    void queryClient.invalidateQueries();
  };
  return (
    <span className="tools">
      <button type="button" className="tool" onClick={refreshAll} aria-label="Refresh now" title="Refresh now" aria-busy={fetching}>
        <IconRefresh size={16} stroke={1.75} aria-hidden />
      </button>
      <select
        className="tool"
        aria-label="Refresh interval"
        title="Refresh interval"
        value={interval}
        onChange={(event) => {
          const refresh = event.currentTarget.value as RefreshInterval;
          void navigate({ to: '.', replace: true, search: (previous) => ({ ...previous, refresh: refresh === DEFAULT_REFRESH ? undefined : refresh }) });
        }}
      >
        {REFRESH_INTERVALS.map((choice) => (
          <option key={choice} value={choice}>
            {choice === 'off' ? 'Off' : choice}
          </option>
        ))}
      </select>
    </span>
  );
}
