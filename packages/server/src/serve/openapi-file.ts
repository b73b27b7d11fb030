import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openApiText } from './fixtures/openapi-document.ts';

/**
 * Writes docs/openapi.json from the routes: `node packages/server/src/serve/openapi-file.ts`. With `--check` it only
 * compares, and exits 1 where the file is not what the routes say.
 */
const file = fileURLToPath(new URL('../../../../docs/openapi.json', import.meta.url));
const text = await openApiText();

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write('docs/openapi.json is not what the routes say; run node packages/server/src/serve/openapi-file.ts\n');
  process.exitCode = 1;
}
