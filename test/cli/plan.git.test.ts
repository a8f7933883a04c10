/** The real binary on real git repos: the example policies, and a change of them. */
import { execFileSync } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { validatePlanReport } from '../../core/schema/plan-report.ts';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

const identity = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.com',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.com',
  GIT_AUTHOR_DATE: '2026-01-05T09:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-05T09:00:00Z',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
};

/** A clone of the example policies, committed on main. */
async function exampleRepo() {
  const dir = await tempDir();
  await cp('policies-example', dir.path, { recursive: true });
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: dir.path, env: { ...process.env, ...identity }, encoding: 'utf8' }).trim();
  git('init', '-q', '-b', 'main');
  const commit = (message: string): string => {
    git('add', '-A');
    git('commit', '-q', '-m', message);
    return git('rev-parse', 'HEAD');
  };
  commit('The example');
  return {
    git,
    commit,
    path: dir.path,
    edit: async (file: string, from: string, to: string): Promise<void> => {
      const text = await readFile(dir.join(file), 'utf8');
      expect(text).toContain(from);
      await writeFile(dir.join(file), text.replace(from, to));
    },
    plan: (...args: string[]) => runSluice(['plan', ...args], { cwd: dir.path }),
    validate: (...args: string[]) => runSluice(['validate', ...args], { cwd: dir.path }),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

/** Commit ids change with every file of the example. */
function withoutCommits(text: string): string {
  return text.replaceAll(/\b(?:[0-9a-f]{40}|[0-9a-f]{12})\b/g, 'COMMIT');
}

/** A member more, a mask weaker, an approval easier, a claim less. */
async function change({ edit }: Awaited<ReturnType<typeof exampleRepo>>): Promise<void> {
  await edit('groups/groups.yaml', 'members: [alice, bob]', 'members: [alice, bob, erin]');
  await edit(
    'masks/payments.yaml',
    '- name: e-mail\n      detector: email\n      action: hash',
    '- name: e-mail\n      detector: email\n      action: partial',
  );
  await edit('approver-rules/rules.yaml', '      - { from: platform, count: 1 }\n  maxAge: PT4H', '  maxAge: PT4H');
  await edit('identities/deploy-ci.yaml', '      ref: refs/heads/main\n', '');
}

test.each(['pretty', 'json', 'markdown'])('a change as %s', async (format) => {
  await using repo = await exampleRepo();
  await change(repo);
  await repo.edit('policies/policies.yaml', 'delete, offsets, admin]\n  limits', 'delete, offsets]\n  limits');
  const { stdout, stderr, code } = await repo.plan('--format', format);
  expect([code, stderr]).toEqual([4, '']);
  await expect(withoutCommits(stdout)).toMatchFileSnapshot(`../fixtures/plan/change.${format}.txt`);
});

test('the way back narrows: exit 0, and no limit is tripped', async () => {
  await using repo = await exampleRepo();
  const base = repo.git('rev-parse', 'HEAD');
  await change(repo);
  const head = repo.commit('Widen');
  const { stdout, stderr, code } = await repo.plan('--base', head, '--head', base, '--format', 'json');
  expect([code, stderr]).toEqual([0, '']);
  const { plan } = JSON.parse(stdout);
  expect(plan).toMatchObject({ widens: [], limits: [], acknowledged: true });
  expect(plan.narrows.length).toBeGreaterThan(3);
  const pretty = withoutCommits((await repo.plan('--base', head, '--head', base)).stdout);
  await expect(pretty).toMatchFileSnapshot('../fixtures/plan/back.pretty.txt');
});

test('the JSON is as its schema says', async () => {
  await using repo = await exampleRepo();
  await change(repo);
  validatePlanReport(JSON.parse((await repo.plan('--format', 'json')).stdout));
  expect(validatePlanReport.errors).toBe(null);
  await repo.edit('groups/groups.yaml', 'erin', 'nobody');
  validatePlanReport(JSON.parse((await repo.plan('--format', 'json')).stdout));
  expect(validatePlanReport.errors).toBe(null);
});

test('a move of files and a policy in two are no change', async () => {
  await using repo = await exampleRepo();
  repo.git('checkout', '-q', '-b', 'tidy');
  repo.git('mv', 'policies/payments.yaml', 'policies/money.yaml');
  await repo.edit(
    'policies/policies.yaml',
    '    - group: payments-oncall\n    - group: platform\n',
    '    - group: platform\n',
  );
  const policies = await readFile(`${repo.path}/policies/policies.yaml`, 'utf8');
  const half =
    'apiVersion: sluice.dev/v1\nkind: AccessPolicy\nmetadata: {name: oncall-read}\nspec: {mode: standing, subjects: [{group: payments-oncall}], streams: {matchLabels: {team: shop}}, operations: [consume]}\n';
  await writeFile(`${repo.path}/policies/policies.yaml`, `${policies}---\n${half}`);
  repo.commit('Tidy up');
  expect(await repo.plan()).toMatchObject({
    code: 0,
    stderr: '',
    stdout: expect.stringContaining('ok: 0 widenings, 0 narrowings'),
  });
});

test('on a branch the base is where it left the one the gateway follows', async () => {
  await using repo = await exampleRepo();
  repo.git('checkout', '-q', '-b', 'more');
  await repo.edit('groups/groups.yaml', 'members: [carol, dave]', 'members: [carol, dave, bob]');
  repo.commit('More platform');
  repo.git('checkout', '-q', 'main');
  await repo.edit('groups/groups.yaml', 'members: [alice, bob]', 'members: [alice]');
  repo.commit('Less on call');
  repo.git('checkout', '-q', 'more');
  const { plan } = JSON.parse((await repo.plan('--format', 'json')).stdout);
  expect(plan.narrows).toEqual([]);
  expect(plan.widens.length).toBeGreaterThan(0);
});

test('the first policies of a repo all widen', async () => {
  await using repo = await exampleRepo();
  repo.git('checkout', '-q', '--orphan', 'empty');
  repo.git('rm', '-rfq', '--cached', '.');
  repo.git('commit', '-q', '--allow-empty', '-m', 'Nothing yet');
  const { stdout, code } = await repo.plan('--base', 'empty', '--head', 'main', '--format', 'json');
  expect(code).toBe(4);
  expect(JSON.parse(stdout).plan).toMatchObject({ hours: { before: 0 }, narrows: [{ what: 'repo' }] });
});

test('beyond a limit: told with what to paste, an error of validate, and gone once it is acknowledged', async () => {
  await using repo = await exampleRepo();
  await change(repo);
  const { plan } = JSON.parse((await repo.plan('--format', 'json')).stdout);
  expect(plan.acknowledged).toBe(false);
  expect((await repo.plan()).stdout).toContain(`    acknowledge:\n      - ${plan.digest}\n`);
  const refused = await repo.validate('--base', 'HEAD');
  expect(refused).toMatchObject({ code: 1, stderr: '' });
  expect(refused.stdout).toContain('error plan/unacknowledged: the change goes beyond a safety limit');
  expect(await repo.validate()).toMatchObject({ code: 0 });
  await repo.edit('sluice.yaml', '  quorum: 2\n', `  quorum: 2\n  acknowledge:\n    - ${plan.digest}\n`);
  expect(JSON.parse((await repo.plan('--format', 'json')).stdout).plan).toMatchObject({
    digest: plan.digest,
    acknowledged: true,
  });
  expect(await repo.validate('--base', 'HEAD')).toMatchObject({ code: 0 });
});

test('a side that does not validate: its problems, exit 1', async () => {
  await using repo = await exampleRepo();
  await repo.edit('groups/groups.yaml', 'members: [carol, dave]', 'members: [carol, nobody]');
  expect(await repo.plan()).toMatchObject({
    code: 1,
    stderr: '',
    stdout: expect.stringContaining("there is no Identity 'nobody'"),
  });
  repo.commit('Broken');
  await repo.edit('groups/groups.yaml', 'nobody', 'dave');
  const { stdout, code } = await repo.plan('--base', 'HEAD', '--format', 'markdown');
  expect(code).toBe(1);
  expect(stdout).toContain('- base `');
});

test.each([
  [['--base', 'nowhere'], 3, 'code: RevisionNotFound'],
  [['--branch', 'nowhere'], 2, 'error: which revision is the base?'],
  [['--format', 'html'], 2, 'Expected --format=html to be one of: pretty, json, markdown'],
  [['/nowhere'], 3, 'code: FileUnreadable'],
])('plan %j ends with %d', async (args, code, text) => {
  await using repo = await exampleRepo();
  const ran = await repo.plan(...args);
  expect(ran).toMatchObject({ stdout: '', code });
  expect(ran.stderr).toContain(text);
});

test('what changes no rule is an empty plan, not an error', async () => {
  await using repo = await exampleRepo();
  const pretty = await repo.plan();
  expect(pretty).toMatchObject({ code: 0, stderr: '' });
  expect(pretty.stdout).toContain('ok: 0 widenings, 0 narrowings');
  const json = await repo.plan('--format', 'json');
  expect(json.code).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject({ version: 1 });
});

test('no git repo', async () => {
  await using dir = await tempDir();
  await cp('policies-example', dir.path, { recursive: true });
  const ran = await runSluice(['plan', dir.path]);
  expect(ran).toMatchObject({ stdout: '', code: 3 });
  expect(ran.stderr).toContain('is not in a git repo that can be read');
});

test('the examples of --help run', async () => {
  await using repo = await exampleRepo();
  await change(repo);
  repo.commit('Widen');
  repo.git('update-ref', 'refs/remotes/origin/main', 'HEAD~1');
  const { stdout } = await repo.plan('--help');
  const examples = [...stdout.matchAll(/^ +\$ sluice plan((?! \[).*)$/gm)].map(([, words]) =>
    words!.split('>')[0]!.trim(),
  );
  expect(examples.length).toBe(3);
  for (const words of examples)
    expect(await repo.plan(...words.split(' ').filter(Boolean))).toMatchObject({ code: 4, stderr: '' });
});
