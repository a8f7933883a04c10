/**
 * Every example of every command's help, run as a person would type it: in a shell, with `sluice` on the PATH, in a
 * copy of policies-example or in the folder above it. An example that is neither run nor listed fails the test.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signer, writeLog } from '../core/audit/recorded.ts';
import { builtAction } from '../support/built-action.ts';
import { tempDir } from '../support/temp-dir.ts';

interface Example {
  /** The folder it is typed in: the repo, or the one that the repo is in. */
  readonly at: 'repo' | 'above';
  readonly code: number | readonly number[];
  /** What it has to write. */
  readonly stdout: RegExp;
  /** A file that it makes, and what has to be in it. */
  readonly file?: readonly [name: string, text: RegExp];
  /** What is typed instead, since the example is for another shell than bash. */
  readonly typed?: string;
}

const inRepo = (stdout: RegExp, code = 0): Example => ({ at: 'repo', code, stdout });
const above = (stdout: RegExp, code = 0): Example => ({ at: 'above', code, stdout });

/** The examples that run, with what they come to. */
const run: Readonly<Record<string, Example>> = {
  'sluice audit verify recordings --key gateway.vkey --anchor last-night.note --format json':
    inRepo(/"outcome": "whole"/),
  'sluice audit replay 01JDF3 --recordings recordings --format json': inRepo(/"sid": "01JDF3"/),
  'sluice can-i consume payments.orders --as alice --cluster main': inRepo(/^no: /, 1),
  'sluice can-i consume clicks.web --as erin --cluster analytics --at 2026-11-29T23:00:00+01:00': inRepo(/^no: /, 1),
  'sluice can-i consume payments.orders --as alice --cluster main --claim mfa=true --source 10.1.2.3': inRepo(
    /^no: /,
    1,
  ),
  'sluice can-i consume payments-settlement --kind group --as bob --cluster main --format json': inRepo(/"effect":/, 1),
  'eval "$(sluice completion bash)"': inRepo(/^$/),
  'sluice completion fish | source': { ...inRepo(/complete -c sluice/), typed: 'sluice completion fish' },
  'source <(sluice completion zsh)': { ...inRepo(/compdef/), typed: 'sluice completion zsh' },
  'sluice explain consume payments.orders --as alice --cluster main --repo policies-example': above(
    /payments\.orders/,
    1,
  ),
  'sluice explain consume clicks.web --as erin --cluster analytics --rev HEAD --format json': {
    ...inRepo(/"effect": "(allow|deny)"/),
    code: [0, 1], // office hours, or not
  },
  'sluice fmt': inRepo(/^$/),
  'sluice fmt --check --diff policies-example': above(/^$/),
  'sluice fmt - < groups/groups.yaml': inRepo(/kind: Group/),
  'sluice gateway genesis --repo ./policies.git': above(/genesis:/),
  'sluice init access-policies': above(/access-policies/),
  'git init access-policies && sluice init access-policies --forge plain': above(/access-policies/),
  'sluice init access-policies --forge github --repo https://github.com/your-org/access-policies': above(
    /\.github\/actions\/sluice\/main\.mjs/,
  ),
  'sluice lint': inRepo(/^ok: /),
  'sluice lint --max-warnings 0 --format github': inRepo(/^$/),
  'sluice lint --rules': inRepo(/scope\/broad-prefix/),
  'sluice plan': inRepo(/widens/, 4),
  'sluice plan --base HEAD~1 --head HEAD': inRepo(/widens/, 4),
  'sluice plan --base origin/main --format markdown > plan.md': {
    ...inRepo(/^$/, 4),
    file: ['plan.md', /widens/],
  },
  'sluice schema': inRepo(/schema/),
  'sluice schema --editor vscode': inRepo(/\.vscode/),
  'sluice schema policies --out schemas --editor vscode --editor jetbrains': above(/\.idea/),
  'sluice simulate --from recordings --key gateway.vkey': inRepo(/^same: |no difference|nothing/),
  'sluice simulate --from recordings --key gateway.vkey --rev origin/mask-more --fail-on unmasked --format json':
    inRepo(/"change": "masked"/),
  'sluice test': inRepo(/^ok: /),
  'sluice test --min-coverage 100 --format github': inRepo(/^$/),
  "sluice test policies-example --run '^payments' --coverage": above(/coverage: /),
  'sluice validate': inRepo(/^ok: 54 documents, no problems$/m),
  'sluice validate --format github': inRepo(/^$/),
  'sluice validate --base origin/main': inRepo(/^ok: 54 documents/),
  'sluice validate policies --format sarif > sluice.sarif': { ...above(/^$/), file: ['sluice.sarif', /"2\.1\.0"/] },
  'sluice who-can consume payments.orders --cluster main --repo policies-example': above(/payments/),
  'sluice who-can consume payments.orders --cluster main --at v1.2.0 --format json': inRepo(/"version": 1/),
};

const forge = 'needs a forge with a request on it; test/cli/access.git.test.ts has one';
const owners = 'needs a gateway that refused something; test/gateway/reconcile/owners.git.test.ts has one';
const evidence = 'needs two gateways; test/gateway/reconcile/evidence.git.test.ts has them';
const gateway = 'needs a gateway that runs; test/e2e has one';
const machine = "names a folder of a gateway's machine; its sibling with another folder is run";
const terminal = 'asks on a terminal; test/cli/request-questions.git.test.ts has one';
const network = 'asks identity providers and brokers on the network; test/cli/doctor.git.test.ts has its own';

/** The examples that do not run here, with why. */
const left: Readonly<Record<string, string>> = {
  'sluice gateway admit 1f2e3d4c5b6a': owners,
  'sluice gateway admit 1f2e3d4c5b6a --key ~/.ssh/id_ed25519': owners,
  'sluice gateway admit --wish wish.json --key ~/.ssh/id_ed25519 --out olga.json': owners,
  'sluice gateway admit 1f2e3d4c5b6a --signed olga.json --signed paul.json': owners,
  'sluice gateway baseline 1f2e3d4c5b6a': owners,
  'sluice gateway baseline 1f2e3d4c5b6a --key ~/.ssh/id_ed25519': owners,
  'sluice gateway baseline 1f2e3d4c5b6a --signed olga.json --signed paul.json': owners,
  'sluice access break-glass --stream payments --operation consume --for 20m --reason "INC-4711: refunds are stuck"':
    forge,
  'sluice access break-glass --stream payments --operation consume --for 20m --reason "INC-4711" --policy payments-read-on-request --as alice --key ~/.ssh/id_ed25519 --socket /run/sluice/admin.sock':
    gateway,
  'sluice access extend 2026-11-24-alice-payments-1f2e3d --for 2h': forge,
  'sluice access extend 2026-11-24-alice-payments-1f2e3d --for 2h --reason "still broken" --wait': forge,
  'sluice access list --repo ssh://git@git.example.com/access.git': forge,
  'sluice access list --format json': forge,
  'sluice access request': terminal,
  'sluice access request --stream payments --operation consume --for 2h --reason INC-4711 --repo ssh://git@git.example.com/access.git':
    forge,
  'sluice access request --stream payments --operation consume --for 30m --reason "refund check" --dry-run': forge,
  'sluice access revoke 2026-11-24-alice-payments-1f2e3d --reason "incident closed"': forge,
  'sluice access revoke --subject alice --reason "laptop stolen"': forge,
  'sluice access status 2026-11-24-alice-payments-1f2e3d': forge,
  'sluice access status 2026-11-24-alice-payments-1f2e3d --wait': forge,
  'sluice approval merge 2026-11-24-alice-payments-1f2e3d': forge,
  'sluice approval reject 2026-11-24-alice-payments-1f2e3d': forge,
  'sluice approval reject 2026-11-24-alice-payments-1f2e3d --yes --key ~/.ssh/id_ed25519': forge,
  'sluice approval sign 2026-11-24-alice-payments-1f2e3d': forge,
  'sluice approval sign 2026-11-24-alice-payments-1f2e3d --yes --key ~/.ssh/id_ed25519': forge,
  'sluice audit replay 01JDF3 --recordings /var/lib/sluice/recordings': machine,
  'sluice audit verify /var/lib/sluice/recordings --key gateway.vkey': machine,
  'sluice doctor': network,
  'sluice doctor --broker localhost:9092 --socket ./admin.sock --format json': network,
  'sluice explain grant 2026-11-24-alice-payments-1f2e3d': gateway,
  'sluice gateway evidence export > gw-eu.note': evidence,
  'sluice gateway evidence export | ssh gw-us.example.com sluice gateway evidence import -': evidence,
  'sluice gateway evidence import gw-eu.note': evidence,
  'sluice gateway evidence import gw-eu.note --format json': evidence,
  'sluice gateway kill 0a1b2c3d4e5f60718293a4b5': gateway,
  'sluice gateway reconcile': gateway,
  'sluice gateway run --config /etc/sluice/gateway.yaml': gateway,
  'sluice gateway sessions': gateway,
  'sluice gateway status': gateway,
  'sluice gateway status --socket ./admin.sock --format json': gateway,
};

interface CommandClass {
  readonly hidden?: boolean;
  readonly examples?: readonly (string | { readonly command: string })[];
}

/** Every example as it is shown; a command of the help without one is an empty list. */
async function shownExamples(): Promise<Record<string, string[]>> {
  const shown: Record<string, string[]> = {};
  for (const file of globSync('cli/commands/**/*.ts').sort()) {
    const loaded = (await import(resolve(file))) as Record<string, unknown>;
    const command = Object.values(loaded).find((value) => typeof value === 'function' && 'run' in value);
    const { hidden, examples = [] } = (command ?? {}) as CommandClass;
    if (!command || hidden) continue;
    shown[file] = examples.map((one) =>
      (typeof one === 'string' ? one : one.command).replaceAll('<%= config.bin %>', 'sluice'),
    );
  }
  return shown;
}

test('every command has an example, and every example is run or listed', async () => {
  const shown = await shownExamples();
  expect(Object.keys(shown).filter((file) => shown[file]?.length === 0)).toEqual([]);
  expect(Object.values(shown).flat().sort()).toEqual([...Object.keys(run), ...Object.keys(left)].sort());
});

let world: Awaited<ReturnType<typeof tempDir>>;
beforeAll(async () => {
  await builtAction(); // sluice init writes it
  world = await tempDir();
  buildWorld(world.path);
});
afterAll(() => world[Symbol.asyncDispose]());

test.for(Object.entries(run))('%s', async ([command, { at, code, stdout, file, typed = command }]) => {
  await using copy = await tempDir();
  cpSync(world.path, copy.path, { recursive: true, verbatimSymlinks: true });
  const cwd = at === 'repo' ? copy.join('policies-example') : copy.path;
  const ran = spawnSync('bash', ['-c', typed], { cwd, env: environment(copy.path), encoding: 'utf8', timeout: 50_000 });
  expect(ran).toMatchObject({ stdout: expect.stringMatching(stdout) });
  expect([code].flat()).toContain(ran.status);
  if (file) expect(readFileSync(join(cwd, file[0]), 'utf8')).toMatch(file[1]);
});

function environment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: [join(home, 'bin'), process.env['PATH']].join(delimiter),
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'Test',
    GIT_AUTHOR_EMAIL: 'test@example.com',
    GIT_COMMITTER_NAME: 'Test',
    GIT_COMMITTER_EMAIL: 'test@example.com',
  };
}

/** The repo in two commits, the second of which lets bob in; beside it a bare clone and another copy; a recording. */
function buildWorld(root: string): void {
  mkdirSync(join(root, 'bin'));
  symlinkSync(resolve('cli/sluice'), join(root, 'bin', 'sluice'));
  const repo = join(root, 'policies-example');
  cpSync('policies-example', repo, { recursive: true });
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: repo, env: environment(root), encoding: 'utf8' }).trim();
  const change = (file: string, from: string, to: string): void => {
    const text = readFileSync(join(repo, file), 'utf8');
    expect(text).toContain(from);
    writeFileSync(join(repo, file), text.replace(from, to));
  };
  const commit = (message: string): string => {
    git('add', '-A');
    git('commit', '-q', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  git('init', '-q', '-b', 'main');
  change('groups/groups.yaml', 'members: [alice, bob]', 'members: [alice]');
  git('update-ref', 'refs/remotes/origin/main', commit('Before'));
  change('groups/groups.yaml', 'members: [alice]', 'members: [alice, bob]');
  const now = commit('After');
  git('tag', 'v1.2.0');
  git('switch', '-q', '-c', 'mask-more');
  change(
    'masks/payments.yaml',
    'streams: [payments, payments-dead-letters]',
    'streams: [payments, payments-dead-letters, orders]',
  );
  git('update-ref', 'refs/remotes/origin/mask-more', commit('Mask more'));
  git('switch', '-q', 'main');
  git('branch', '-q', '-D', 'mask-more');
  git('clone', '-q', '--bare', repo, join(root, 'policies.git'));
  cpSync(repo, join(root, 'policies'), { recursive: true });
  const by = { principal: 'alice', cluster: 'main', source: '10.0.0.1:5000', sid: '01JDF3' };
  const { notes } = writeLog(join(repo, 'recordings'), [
    [
      { kind: 'policy_change', toRevision: now, generation: 1 },
      { kind: 'session_open', ...by },
      {
        kind: 'fetch_done',
        ...by,
        policy: 'shop-read',
        topics: [{ topic: 'orders.eu', partition: 0, records: 5 }],
        bytes: 70,
      },
      { kind: 'session_close', ...by, reason: 'client' },
    ],
  ]);
  cpSync(notes[0]!, join(repo, 'last-night.note'));
  writeFileSync(join(repo, 'gateway.vkey'), `${signer.vkey}\n`);
}
