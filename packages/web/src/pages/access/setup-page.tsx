import { PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { requestJson } from '../../api/request.ts';
import { messageOf } from '../../ui/states.tsx';
import { AccessCard } from './access-card.tsx';
import { passwordProblem, tokenFrom } from './setup-model.ts';

const route = getRouteApi('/setup');

export function SetupPage() {
  const { token: fromSearch } = route.useSearch();
  const [token] = useState(() => fromSearch ?? tokenFrom(location.hash));
  const router = useRouter();
  const queryClient = useQueryClient();
  const [account, setAccount] = useState({ name: '', email: '', password: '' });
  const create = useMutation({
    mutationFn: () => requestJson('/api/v1/setup', { method: 'POST', body: { token, ...account } }),
    onSuccess: () => {
      queryClient.clear();
      router.history.replace('/');
    },
  });
  const problem = passwordProblem(account.password);
  const set = (field: keyof typeof account) => (event: { currentTarget: { value: string } }) => setAccount({ ...account, [field]: event.currentTarget.value });
  if (token === undefined) {
    return (
      <AccessCard title="Set up Pitot">
        <span>
          Pitot has no administrator yet. Open the one-time link that it printed when it started; the end of that link proves that you may set it up. If
          the link is lost, restart Pitot: it prints a new one.
        </span>
      </AccessCard>
    );
  }
  return (
    <AccessCard title="Set up Pitot">
      <span className="dim">You become its administrator. The link that brought you here works once.</span>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (problem === undefined) create.mutate();
        }}
      >
        <TextInput label="Your name" autoComplete="name" required autoFocus value={account.name} onChange={set('name')} />
        <TextInput label="E-mail address" type="email" autoComplete="username" required value={account.email} onChange={set('email')} />
        <PasswordInput label="Password" description="At least 12 characters; a sentence is easiest to remember." autoComplete="new-password" required value={account.password} onChange={set('password')} error={account.password !== '' && problem} />
        {create.error !== null && (
          <span className="bad" role="alert">
            Not set up: {messageOf(create.error)}
          </span>
        )}
        <button type="submit" className="tool primary" disabled={create.isPending || problem !== undefined}>
          Create the administrator
        </button>
      </form>
    </AccessCard>
  );
}
