// npm run verify: what CI checks besides the tests. Each step says what it did; all run, then the worst decides.
import { spawnSync } from 'node:child_process';

interface Step {
  readonly what: string;
  readonly command: readonly string[];
  readonly fix: string;
}

const node = process.execPath;
const steps: readonly Step[] = [
  { what: 'types', command: ['npx', '--no-install', 'tsc'], fix: 'mend the types' },
  {
    what: 'lint and format',
    command: ['npx', '--no-install', 'biome', 'check', '--error-on-warnings'],
    fix: 'npm run fix',
  },
  { what: 'generated schemas', command: [node, 'scripts/generate-schema.ts', '--check'], fix: 'npm run generate' },
  { what: 'generated reference', command: [node, 'scripts/generate-docs.ts', '--check'], fix: 'npm run generate' },
  {
    what: 'generated Kafka codec',
    command: [node, 'scripts/generate-kafka.ts', '--check'],
    fix: 'npm run generate:kafka',
  },
  {
    what: 'architecture',
    command: [
      'npx',
      '--no-install',
      'vitest',
      'run',
      '--project',
      'unit',
      'test/architecture.test.ts',
      '--reporter=dot',
    ],
    fix: 'see ARCHITECTURE.md',
  },
  { what: 'example policies', command: ['cli/sluice', 'validate', 'policies-example'], fix: 'mend policies-example/' },
  {
    what: 'layout of the example policies',
    command: ['cli/sluice', 'fmt', '--check', 'policies-example'],
    fix: 'cli/sluice fmt policies-example',
  },
  {
    what: 'lint of the example policies',
    command: ['cli/sluice', 'lint', 'policies-example', '--max-warnings', '0'],
    fix: 'mend policies-example/, or say why not in a comment',
  },
  {
    what: 'example policy tests',
    command: ['cli/sluice', 'test', 'policies-example', '--min-coverage', '100'],
    fix: 'test every rule of policies-example/',
  },
];

let failed = 0;
for (const { what, command, fix } of steps) {
  const [name, ...args] = command;
  const ran = spawnSync(name!, args, { encoding: 'utf8', env: { ...process.env, NO_COLOR: '1' } });
  const ok = ran.status === 0;
  process.stdout.write(`${ok ? 'ok    ' : 'FAILED'} ${what}\n`);
  if (ok) continue;
  failed++;
  process.stdout.write(`${(ran.stdout ?? '') + (ran.stderr ?? '')}\n       to mend it: ${fix}\n`);
}
process.stdout.write(`verify: ${steps.length - failed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
