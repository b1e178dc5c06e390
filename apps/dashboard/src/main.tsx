import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { ProblemError } from './api/client.ts';

const MAX_RETRIES = 2;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What the API has refused it refuses again.
      retry: (failures, error) => !(error instanceof ProblemError) && failures < MAX_RETRIES,
      refetchOnWindowFocus: false,
      // Whether a network is there says nothing about an API on this machine or in this house.
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <App />
    </QueryClientProvider>
  </StrictMode>,
);
