import { Menu } from '@mantine/core';
import { IconLogout, IconUser } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { sessionQuery } from '../api/queries.ts';
import { requestJson } from '../api/request.ts';

/** Who is logged in; nothing where no login is needed. */
export function AccountMenu() {
  const { data: session } = useQuery(sessionQuery);
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const user = session?.user ?? null;
  if (user === null) return null;
  const signOut = async (): Promise<void> => {
    await requestJson('/api/v1/session', { method: 'DELETE' });
    queryClient.clear();
    await navigate({ to: '/login', search: {} });
  };
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <button type="button" className="tool plain" aria-label={`Account of ${user.name}`} title={user.email}>
          <IconUser size={17} stroke={1.75} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{user.email}</Menu.Label>
        <Menu.Item leftSection={<IconLogout size={15} stroke={1.75} aria-hidden />} onClick={() => void signOut()}>
          Log out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
