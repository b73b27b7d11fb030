import { PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { requestJson } from '../../api/request.ts';
import { messageOf } from '../../ui/states.tsx';
import { AccessCard } from './access-card.tsx';

const route = getRouteApi('/login');

export function LoginPage() {
  const { next } = route.useSearch();
  const router = useRouter();
  const queryClient = useQueryClient();
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({
    mutationFn: () => requestJson('/api/v1/session', { method: 'POST', body: { email: email.trim(), password } }),
    onSuccess: () => {
      queryClient.clear();
      router.history.push(next ?? '/');
    },
  });
  return (
    <AccessCard title="Log in to Pitot">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          login.mutate();
        }}
      >
        <TextInput label="E-mail address" type="email" autoComplete="username" required autoFocus value={email} onChange={(event) => setEmail(event.currentTarget.value)} />
        <PasswordInput label="Password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.currentTarget.value)} />
        {login.error !== null && (
          <span className="bad" role="alert">
            Not logged in: {messageOf(login.error)}
          </span>
        )}
        <button type="submit" className="tool primary" disabled={login.isPending}>
          Log in
        </button>
      </form>
    </AccessCard>
  );
}
