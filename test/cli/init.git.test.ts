import { execFile } from 'node:child_process';
import { mkdtempDisposable, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { builtAction } from '../support/built-action.ts';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

let program: string;

beforeAll(async () => {
  program = await builtAction();
});

test('a new repo is valid at once, and every document finds its schema', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-init-'));
  const made = await runSluice(['init', 'policies'], { cwd: dir.path });
  expect(made).toMatchObject({ stderr: '', code: 0 });
  expect(made.stdout).toContain('next:\n  sluice validate policies\n');
  expect(await runSluice(['validate', 'policies'], { cwd: dir.path })).toEqual({
    stdout: 'ok: 15 documents, no problems\n',
    stderr: '',
    code: 0,
  });
  expect(await runSluice(['test', 'policies', '--min-coverage', '100'], { cwd: dir.path })).toMatchObject({
    stderr: '',
    code: 0,
  });
  const root = join(dir.path, 'policies');
  const files = (await readdir(root, { recursive: true })).filter((path) => path.endsWith('.yaml'));
  expect(files.length).toBe(11);
  for (const file of files) {
    const modeline = /^# yaml-language-server: \$schema=(\S+)\n/.exec(await readFile(join(root, file), 'utf8'))?.[1];
    expect(JSON.parse(await readFile(join(root, file, '..', modeline ?? 'none'), 'utf8'))).toHaveProperty('$id');
  }
});

test('git init before it is fine', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-init-'));
  await promisify(execFile)('git', ['init', '-q', dir.path]);
  expect(await runSluice(['init', dir.path, '--forge', 'plain'])).toMatchObject({ stderr: '', code: 0 });
});

test.each([
  {
    forge: 'github',
    repo: 'https://github.com/acme/access',
    written: { kind: 'github', url: 'https://api.github.com', repo: 'acme/access' },
  },
  {
    forge: 'github',
    repo: 'https://git.example.com/acme/access.git',
    written: { kind: 'github', url: 'https://git.example.com/api/v3', repo: 'acme/access' },
  },
  {
    forge: 'gitea',
    repo: 'https://example.com/git/acme/access',
    written: { kind: 'gitea', url: 'https://example.com/git', repo: 'acme/access' },
  },
  {
    forge: 'gitea',
    repo: undefined,
    written: { kind: 'gitea', url: 'https://git.example.com', repo: 'your-org/access-policies' },
  },
])('for $forge at $repo it writes the address, the check and its program, and all is valid', async (example) => {
  await using dir = await tempDir();
  const { forge, repo, written } = example;
  const where = repo === undefined ? [] : ['--repo', repo];
  const made = await runSluice(['init', 'policies', '--forge', forge, ...where], { cwd: dir.path });
  expect(made).toMatchObject({ stderr: '', code: 0 });
  const read = (path: string): Promise<string> => readFile(dir.join('policies', path), 'utf8');
  expect(parse(await read('sluice.yaml')).spec.forge).toEqual(written);
  expect(await runSluice(['validate', 'policies'], { cwd: dir.path })).toMatchObject({ stderr: '', code: 0 });
  expect(await runSluice(['fmt', '--check', 'policies'], { cwd: dir.path })).toMatchObject({ code: 0 });
  const action = `.${forge}/actions/sluice`;
  expect(await read(`${action}/main.mjs`)).toBe(await readFile(program, 'utf8'));
  expect(parse(await read(`${action}/action.yml`)).runs).toEqual({ using: 'node24', main: 'main.mjs' });
  const workflow = await read(`.${forge}/workflows/sluice.yml`);
  expect(workflow).toContain(`uses: ./${action}\n`);
  expect(parse(workflow).jobs.policies.permissions).toEqual({ contents: 'read', 'pull-requests': 'write' });
  for (const [, uses] of workflow.matchAll(/uses: (.*)/g)) expect(uses).toMatch(/^(\.\/|\S+@[0-9a-f]{40} # v)/);
  expect(Object.keys(parse(workflow).on)).toEqual(['pull_request_target', 'push']);
  // Else two runs that find no comment write one each.
  expect(parse(workflow).concurrency.group).toMatch(
    /^sluice-\S+ github\.event_name \S+ github\.event\.pull_request\.number /,
  );
  const readme = await read('README.md');
  expect(readme).toContain('## On the forge');
  for (const path of [action, `.${forge}/workflows/sluice.yml`]) expect(readme).toContain(path);
  expect(readme).toContain(
    forge === 'github' ? 'require branches to be up to date before merging' : 'block merge on outdated branch',
  );
  expect(readme).toContain('Unacknowledged');
  expect(readme.includes('sluice-queue.yml')).toBe(forge === 'github');
  const listed = made.stdout.split('\n').filter((line) => line.startsWith('  ') && !line.startsWith('  sluice'));
  expect(listed).toContain(`  ${action}/main.mjs`);
  expect(made.stdout).toContain(`read policies/README.md: what to set on ${written.repo} by hand`);
});

test('a group of a merge queue is checked with a token that reads, by the program of the branch, under the same name', async () => {
  await using dir = await tempDir();
  for (const forge of ['github', 'gitea']) await runSluice(['init', dir.join(forge), '--forge', forge]);
  const queue = parse(await readFile(dir.join('github/.github/workflows/sluice-queue.yml'), 'utf8'));
  expect(queue.on).toEqual({ merge_group: null });
  expect(queue.permissions).toEqual({});
  expect(queue.concurrency.group).toMatch(/^sluice-\S+ github\.event_name \S+ github\.ref /);
  expect(Object.keys(queue.jobs)).toEqual(['policies']);
  const { permissions, steps } = queue.jobs.policies;
  expect(permissions).toEqual({ contents: 'read' });
  expect(steps).toEqual([
    {
      uses: expect.stringMatching(/^actions\/checkout@[0-9a-f]{40}$/),
      with: { ref: expect.stringContaining(' github.event.merge_group.base_ref '), 'persist-credentials': false },
    },
    { uses: './.github/actions/sluice' },
  ]);
  expect(await readdir(dir.join('gitea/.gitea/workflows'))).toEqual(['sluice.yml']);
});

test('an address that is none is refused before anything is written', async () => {
  await using dir = await tempDir();
  for (const repo of ['acme/access', 'https://github.com/acme', 'https://me:secret@github.com/acme/access']) {
    const { code, stderr } = await runSluice(['init', 'p', '--forge', 'github', '--repo', repo], { cwd: dir.path });
    expect([code, stderr]).toEqual([2, expect.stringContaining('is not the address of a repo on a forge')]);
  }
  expect(await readdir(dir.path)).toEqual([]);
});

test('a folder with files is refused and left as it is', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-init-'));
  await writeFile(join(dir.path, 'notes.txt'), 'mine');
  expect(await runSluice(['init', '.'], { cwd: dir.path })).toEqual({
    stdout: '',
    stderr:
      'error: . is not empty\n  why:  it holds notes.txt\n  fix:  name a new or empty folder\n  at:   .\n  code: FolderNotEmpty\n',
    code: 3,
  });
  expect(await readdir(dir.path)).toEqual(['notes.txt']);
});

test('below a file nothing can be made, and it says so', async () => {
  await using dir = await mkdtempDisposable(join(tmpdir(), 'sluice-init-'));
  await writeFile(join(dir.path, 'file'), 'mine\n');
  const { code, stderr } = await runSluice(['init', join(dir.path, 'file', 'repo')]);
  expect(code).toBe(3);
  expect(stderr).toContain('FileNotWritten');
  expect(await readFile(join(dir.path, 'file'), 'utf8')).toBe('mine\n');
});

test('a reader that leaves early is no error', async () => {
  const { stdout, stderr } = await promisify(execFile)('sh', ['-c', 'cli/sluice --help | head -1'], {
    encoding: 'utf8',
  });
  expect([stdout, stderr]).toEqual(['Just-in-time access to Kafka and Pulsar as code\n', '']);
});
