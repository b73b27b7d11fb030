/**
 * Checks import directions with dependency-cruiser, and checks the check: a low module count means that the cruiser
 * saw nothing, and a violation planted in a scratch file must be caught.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { cruise, type ICruiseOptions, type ICruiseResult } from 'dependency-cruiser';
import extractOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';

const LEAST_MODULES = 60;
const PLANTED = 'packages/core/src/planted-violation.ts';

const options: ICruiseOptions = await extractOptions('./.dependency-cruiser.mjs');

async function violations(): Promise<ICruiseResult> {
  const { output } = await cruise(['packages'], { ...options, validate: true });
  if (typeof output === 'string') throw new Error(`dependency-cruiser answered text: ${output}`);
  return output;
}

const { summary } = await violations();
for (const { rule, from, to } of summary.violations) console.error(`${rule.severity} ${rule.name}: ${from} → ${to}`);
if (summary.totalCruised < LEAST_MODULES) {
  console.error(`only ${summary.totalCruised} modules seen, expected at least ${LEAST_MODULES}: the cruiser is not reading TypeScript`);
  process.exit(1);
}
if (summary.error > 0) process.exit(1);

writeFileSync(PLANTED, `import '../../server/src/app/main.ts';\n`);
try {
  const { summary: planted } = await violations();
  if (!planted.violations.some((violation) => violation.from === PLANTED)) {
    console.error('a planted import from core into app was not caught: the rules are not working');
    process.exit(1);
  }
} finally {
  rmSync(PLANTED);
}
console.log(`${summary.totalCruised} modules, imports point left; a planted violation was caught`);
