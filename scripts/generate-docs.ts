/**
 * docs/reference/ from what the code runs by: kinds.md from schemas/v1, cli.md from cli/commands, errors.md from the
 * code table, lint.md from core/lint, problems.md from core/load, kafka.md from the enforcement table, clients.md from the client matrix. `--check`
 * writes nothing and ends with 1 when a committed page is not what would be written.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { BugError } from '../core/errors/sluice-error.ts';
import { documentClients } from './document-clients.ts';
import { documentCommands } from './document-commands.ts';
import { documentErrors } from './document-errors.ts';
import { documentKafka } from './document-kafka.ts';
import { documentLint } from './document-lint.ts';
import { documentProblems } from './document-problems.ts';
import { documentSchemas } from './document-schemas.ts';

const out = new URL('../docs/reference/', import.meta.url);

const kinds = [
  'repo',
  'cluster',
  'stream',
  'identity',
  'group',
  'access-policy',
  'approver-rule',
  'mask-policy',
  'grant',
  'break-glass',
  'revocation',
  'policy-test',
];

/** Text of every page by its file name. */
export async function referencePages(): Promise<Record<string, string>> {
  return {
    'kinds.md': documentSchemas(
      'Kinds of a policy repo',
      'Every document has `apiVersion: sluice.dev/v1`, `kind`, `metadata` and `spec`. Unknown keys are errors.',
      kinds,
    ),
    'gateway-config.md': documentSchemas('gateway.yaml', 'The configuration of one gateway.', ['gateway-config']),
    'reports.md': documentSchemas('JSON reports', 'What `--format json` writes.', [
      'validate-report',
      'decision-report',
      'explain-report',
      'plan-report',
      'simulate-report',
      'who-can-report',
      'test-report',
      'doctor-report',
      'peer-evidence',
    ]),
    'cli.md': await documentCommands(),
    'errors.md': documentErrors(),
    'lint.md': documentLint(),
    'problems.md': documentProblems(),
    'clients.md': documentClients(),
    'kafka.md': documentKafka(),
  };
}

/** The page as `npm run lint` wants it. */
function formatted(name: string, text: string): string {
  const biome = fileURLToPath(new URL('../node_modules/.bin/biome', import.meta.url));
  const { status, stdout, stderr } = spawnSync(biome, ['format', `--stdin-file-path=docs/reference/${name}`], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    input: text,
    encoding: 'utf8',
  });
  if (status !== 0) throw new BugError(`biome could not format ${name}`, { why: stderr });
  return stdout;
}

if (import.meta.main) {
  const check = process.argv.includes('--check');
  mkdirSync(out, { recursive: true });
  for (const [name, raw] of Object.entries(await referencePages())) {
    const target = new URL(name, out);
    const text = formatted(name, raw);
    if (existsSync(target) && readFileSync(target, 'utf8') === text) continue;
    process.stderr.write(`${check ? 'stale' : 'written'}: docs/reference/${name}\n`);
    if (check) process.exitCode = 1;
    else writeFileSync(target, text);
  }
}
