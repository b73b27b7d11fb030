/** `npm test`: lint, types, import directions, dead code, reference docs, tests; stops at the first that fails, and says which. */
import { spawnSync } from 'node:child_process';

const STAGES = ['lint', 'types', 'imports', 'dead-code', 'docs', 'unit'] as const;

for (const stage of STAGES) {
  console.log(`\n── ${stage}`);
  const { status } = spawnSync('npm', ['run', '--silent', stage], { stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) {
    console.error(`\n${stage} failed; run it alone with: npm run ${stage}`);
    process.exit(status ?? 1);
  }
}
