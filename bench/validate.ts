/**
 * `sluice validate` as its user waits for it: the real binary, from process start to its end, for a small repo and for
 * 10,000 documents; beside it a bare Node process, and plain `yaml` reading the same files. Fastest and median of several
 * runs, and of six times as many for the small repo.
 * `node bench/validate.ts [runs]`; measures dist/ too when `npm run build` has made it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { BugError } from '../core/errors/sluice-error.ts';

const runs = Number(process.argv[2] ?? 5);
const root = join(import.meta.dirname, '..');
const small = join(root, 'policies-example');
const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const cache = { NODE_COMPILE_CACHE: join(dir, 'compile-cache') };

try {
  const big = join(dir, 'repo');
  const documents = writeRepo(big);
  const plain = join(dir, 'plain.mjs');
  writeFileSync(plain, plainYaml());
  const read = (repo: string): string[] => [plain, repo];
  const smallBase = time('yaml', read(small), runs * 6);
  const bigBase = time('yaml', read(big), runs);
  say('bare node process', time('bare node', ['-e', '0'], runs * 6));
  say('small repo: yaml alone', smallBase, smallBase);
  say(`${documents} documents: yaml alone`, bigBase, bigBase);
  for (const entry of ['cli/bin/main.ts', 'dist/cli/bin/main.js']) {
    if (!existsSync(join(root, entry))) continue;
    say(`--version: ${entry}`, time(entry, [join(root, entry), '--version'], runs * 6));
    say(`small repo: ${entry}`, time(entry, [join(root, entry), 'validate', small], runs * 6), smallBase);
    say(`${documents} documents: ${entry}`, time(entry, [join(root, entry), 'validate', big], runs), bigBase);
  }
} finally {
  rmSync(dir, { recursive: true, force: true });
}

interface Times {
  /** ms. */
  readonly fastest: number;
  readonly median: number;
}

/** The first run, which fills the compile cache, is thrown away. */
function time(what: string, args: readonly string[], times: number): Times {
  const all: number[] = [];
  for (let run = 0; run <= times; run++) {
    const start = performance.now();
    const ran = spawnSync(process.execPath, args, { env: { ...process.env, ...cache }, encoding: 'utf8' });
    if (ran.status !== 0)
      throw new BugError(`${what} ended with ${ran.status}: ${(ran.stdout + ran.stderr).slice(0, 500)}`);
    if (run > 0) all.push(performance.now() - start);
  }
  all.sort((a, b) => a - b);
  return { fastest: all[0]!, median: all[Math.floor(all.length / 2)]! };
}

function say(what: string, { fastest, median }: Times, base?: Times): void {
  const ms = [fastest, median].map((one) => one.toFixed(0).padStart(6)).join(' ');
  const ratio = base === undefined ? '' : `  ×${(fastest / base.fastest).toFixed(2)}`;
  process.stdout.write(`${what.padEnd(44)} ${ms} ms${ratio}\n`);
}

/** A process that reads every file of a folder and has yaml make plain data of it. */
function plainYaml(): string {
  return `
    import { globSync, readFileSync } from 'node:fs';
    import { join } from 'node:path';
    import { parseAllDocuments } from ${JSON.stringify(import.meta.resolve('yaml'))};
    const dir = process.argv[2];
    for (const file of globSync('**/*.yaml', { cwd: dir }))
      for (const document of parseAllDocuments(readFileSync(join(dir, file), 'utf8'))) document.toJS();
  `;
}

/** A repo as a large company has it: mostly grants. Returns how many documents it holds. */
function writeRepo(repo: string): number {
  let count = 0;
  const write = (path: string, ...documents: string[]): void => {
    mkdirSync(dirname(join(repo, path)), { recursive: true });
    const text = documents.map((body) => `apiVersion: sluice.dev/v1\n${body}`).join('---\n');
    writeFileSync(join(repo, path), text);
    count += documents.length;
  };
  const numbers = (length: number): number[] => Array.from({ length }, (_, i) => i);
  write('sluice.yaml', 'kind: Repo\nmetadata: {name: bench}\nspec: {}\n');
  write('clusters/main.yaml', 'kind: Cluster\nmetadata: {name: main}\nspec: {type: kafka}\n');
  for (const i of numbers(1000)) {
    write(
      `identities/person-${i}.yaml`,
      `kind: Identity\nmetadata:\n  name: person-${i}\nspec:\n  person:\n    oidc:\n      - issuer: https://login.example.com\n        subject: "${i}"\n`,
    );
  }
  write(
    'groups/leads.yaml',
    `kind: Group\nmetadata: {name: leads}\nspec:\n  members: [person-0, person-1, person-2]\n`,
  );
  write(
    'approver-rules/leads.yaml',
    'kind: ApproverRule\nmetadata: {name: leads}\nspec:\n  require:\n    all:\n      - from: leads\n        count: 1\n',
  );
  for (const i of numbers(500)) {
    write(
      `streams/stream-${i}.yaml`,
      `kind: Stream\nmetadata:\n  name: stream-${i}\n  labels: {team: team-${i % 50}}\nspec:\n  cluster: main\n  topics:\n    - prefix: team-${i % 50}.s${i}.\n`,
    );
    write(
      `policies/policy-${i}.yaml`,
      `kind: AccessPolicy\nmetadata:\n  name: policy-${i}\nspec:\n  mode: onRequest\n  subjects:\n    - identity: person-${i * 2}\n    - identity: person-${i * 2 + 1}\n  streams: [stream-${i}]\n  operations: [consume, produce]\n  limits:\n    maxDuration: PT8H\n  approval: leads\n`,
    );
  }
  for (const i of numbers(10_000 - count)) {
    const person = i % 1000;
    write(
      `grants/2026-${String((i % 12) + 1).padStart(2, '0')}/grant-${i}.yaml`,
      `kind: Grant\nmetadata:\n  name: grant-${i}\nspec:\n  uid: "${i.toString(16).padStart(32, '0')}"\n  requestedBy: person-${person}\n  subject: person-${person}\n  policy: policy-${Math.floor(person / 2)}\n  streams: [stream-${Math.floor(person / 2)}]\n  operations: [consume]\n  window:\n    duration: PT2H\n  reason: INC-${i}\n`,
    );
  }
  return count;
}
