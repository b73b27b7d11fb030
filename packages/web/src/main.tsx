import '@fontsource-variable/inter/wght.css';
import '@mantine/core/styles.css';
import './styles/tokens.css';
import './styles/shell.css';
import './styles/ui.css';
import { MantineProvider } from '@mantine/core';
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { sessionQuery } from './api/queries.ts';
import { RequestFailure } from './api/request.ts';
import { colourSchemes, theme } from './shell/theme.ts';
import { createAppRouter } from './router.tsx';

const MOST_RETRIES = 2;

const HTTP_UNAUTHENTICATED = 401;

const queryClient = new QueryClient({
  queryCache: new QueryCache({
    onError(error) {
      // The session ended while the page was open: ask who this is again, which leads to the login.
      if (!(error instanceof RequestFailure) || error.status !== HTTP_UNAUTHENTICATED) return;
      queryClient.removeQueries({ queryKey: sessionQuery.queryKey });
      void router.invalidate();
    },
  }),
  defaultOptions: {
    queries: {
      staleTime: 2000,
      refetchOnWindowFocus: true,
      // A refusal stays one; only a server that is away or overloaded is worth asking again.
      retry: (count, error) => count < MOST_RETRIES && error instanceof RequestFailure && (error.status === 0 || error.status >= 500),
      retryDelay: (attempt) => 300 * 2 ** attempt,
    },
  },
});

const router = createAppRouter(queryClient);

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <MantineProvider theme={theme} colorSchemeManager={colourSchemes} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
