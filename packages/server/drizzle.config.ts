import { defineConfig } from 'drizzle-kit';

/** `npm run migration -w @pitot/server -- --name what_changes` writes the next migration from the schema. */
export default defineConfig({
  dialect: 'postgresql',
  schema: 'src/store/postgres/schema.ts',
  out: 'src/store/postgres/migrations',
});
