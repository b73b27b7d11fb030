import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { firstLoadBudget, precompress } from './scripts/build-plugins.ts';

/** `PITOT_DEV_SERVER` names the running Pitot that `npm run dev` takes its answers from. */
const server = process.env['PITOT_DEV_SERVER'] ?? 'http://127.0.0.1:7777';

/** Gzipped JavaScript before the first lazy page. */
const FIRST_LOAD_BYTES = 250_000;

export default defineConfig({
  plugins: [react(), firstLoadBudget(FIRST_LOAD_BYTES), precompress()],
  build: {
    target: 'es2023',
    manifest: true,
    sourcemap: false,
    reportCompressedSize: false,
    // Inlined assets would be data: URLs, which `default-src 'self'` refuses.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
  },
  // The page's own host name goes through: with another one, Pitot would refuse what it takes for a foreign page.
  server: { proxy: { '/api': { target: server, changeOrigin: false }, '/metrics': server } },
});
