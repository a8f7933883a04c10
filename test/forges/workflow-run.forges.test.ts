import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { builtAction } from '../support/built-action.ts';
import { repoOnGitHub } from '../support/github/repo-on-github.ts';
import { goProgram } from '../support/go-program.ts';
import { grantFile, grantText, initRepo } from '../support/init-repo.ts';
import { tempDir } from '../support/temp-dir.ts';

let act: string;

/** act reads workflows as GitHub's runner does, and runs their steps on this machine. */
beforeAll(async () => {
  act = await goProgram('github.com/nektos/act', '0.2.89');
  await builtAction();
}, 600_000);

test('the workflow that sluice init writes runs as it is, from the branch, and comments on what a request asks for', async () => {
  await using dir = await tempDir();
  await using world = await repoOnGitHub();
  const { github, repo, alice } = world;
  const work = dir.join('work');
  const env = { PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter), HOME: dir.join('home') };
  await mkdir(dir.join('home/.config/act'), { recursive: true });
  await writeFile(dir.join('home/.config/act/actrc'), '\n');
  const git = await initRepo(work, { kind: 'github', address: 'https://github.com/acme/policies' }, env);
  await git('remote', 'add', 'origin', 'https://github.com/acme/policies.git');
  await git('add', '-A');
  await git('commit', '-q', '-m', 'first');
  const base = await git('rev-parse', 'HEAD');
  await git('push', '-q', '--force', repo.git.path, 'main');
  await mkdir(dir.join('server/acme'), { recursive: true });
  await symlink(repo.git.path, dir.join('server/acme/policies.git'));

  const run = async (head: string, number: number): Promise<{ code: number | null; stdout: string }> => {
    const event = {
      action: 'opened',
      repository: { id: repo.id, full_name: 'acme/policies', default_branch: 'main' },
      pull_request: { number, head: { sha: head, ref: 'wish' }, base: { sha: base, ref: 'main' } },
    };
    await writeFile(dir.join('event.json'), JSON.stringify(event));
    const token = github.workflowToken({ contents: 'read', pull_requests: 'write' });
    const variables = { GITHUB_SERVER_URL: `file://${dir.join('server')}`, GITHUB_API_URL: github.url };
    const given = Object.entries(variables).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
    const args = [
      'pull_request_target',
      '-e',
      dir.join('event.json'),
      '-P',
      'ubuntu-latest=-self-hosted',
      '-s',
      'GITHUB_TOKEN',
      ...given,
    ];
    return new Promise((done) => {
      const child = execFile(act, args, { cwd: work, env: { ...env, GITHUB_TOKEN: token } }, (_, stdout, stderr) =>
        done({ code: child.exitCode, stdout: stdout + stderr }),
      );
    });
  };

  const grant = grantText('INC-1');
  await github.push(repo, 'wish', alice, { [grantFile]: grant });
  const pull = await github.open(repo, alice, { head: 'wish' });
  const good = await run(pull.headSha, pull.number);
  expect(good).toMatchObject({ code: 0, stdout: expect.stringContaining('Job succeeded') });
  expect(repo.comments.map(({ body }) => body)).toEqual([expect.stringContaining('| Who | `alice` |')]);

  // What the request makes of the workflow and its program has no effect on its own check.
  const evil = { '.github/actions/sluice/main.mjs': 'process.exit(0);\n', [grantFile]: grant.replace('PT1H', 'PT9H') };
  await github.push(repo, 'wish', alice, evil);
  const bad = await run(pull.headSha, pull.number);
  expect(bad).toMatchObject({ code: 1, stdout: expect.stringContaining('Job failed') });
  expect(repo.comments.map(({ body }) => body)).toEqual([expect.stringContaining('cannot take effect as it is')]);
}, 120_000);
