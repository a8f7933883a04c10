/** What `npm run build` makes: the same commands, from few files. */
import { execFile } from 'node:child_process';
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limitsApart } from '../../gateway/reconcile/limits-apart.ts';
import { manyReaders } from '../support/policy-set.ts';
import { type Ran, runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

let dir: Awaited<ReturnType<typeof tempDir>>;

beforeAll(async () => {
  dir = await tempDir();
  copyFileSync('package.json', dir.join('package.json'));
  for (const folder of ['node_modules', 'schemas']) symlinkSync(resolve(folder), dir.join(folder));
  await promisify(execFile)(process.execPath, ['scripts/bundle-cli.ts', dir.join('dist')]);
  await promisify(execFile)(process.execPath, ['scripts/manifest.ts', dir.path]);
}, 60_000);

afterAll(() => dir[Symbol.asyncDispose]());

async function built(args: readonly string[], node: readonly string[] = []): Promise<Ran> {
  const file = dir.join('dist/cli/bin/main.js');
  const options = { env: { PATH: process.env['PATH'] ?? '', HOME: dir.path }, timeout: 30_000 };
  try {
    const ran = await promisify(execFile)(process.execPath, [...node, file, ...args], options);
    return { ...ran, code: 0 };
  } catch (error) {
    const { stdout, stderr, code } = error as Ran;
    return { stdout, stderr, code };
  }
}

test.each<[number, ...string[]]>([
  [0, 'validate', 'policies-example'],
  [1, 'validate', 'test/fixtures/broken-repo'],
  [0, 'lint', '--rules'],
  [2, 'validate', '--nonsense'],
  [2, 'access', 'request', '--repo', 'policies-example'],
  [3, 'gateway', 'run', '--config', '/nowhere/gateway.yaml'],
  [0, 'complete', 'access', 'req'],
  [0, 'fmt', '--check', 'policies-example'],
])('ends with %i, and says what the sources say: %s %s %s', async (code, ...args) => {
  const [ran, source] = await Promise.all([built(args), runSluice(args)]);
  expect(ran).toEqual({ ...source, code });
});

test('help and version come from the manifest and package.json', async () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect((await built(['--version'])).stdout).toContain(`sluice/${version} `);
  const help = await built(['access', 'request', '--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  expect(help.stdout).toContain('--transactional-id');
});

test('the gateway and its native packages load, and it is no worker without a channel', async () => {
  await promisify(execFile)(process.execPath, [dir.join('dist/gateway/main.js')], { timeout: 30_000 });
});

test('the thread that judges large changes of the rules is where the gateway looks for it', async () => {
  const [before, after] = [manyReaders(500, 1), manyReaders(500, 400)];
  const judge = limitsApart(dir.join('dist/gateway/reconcile/limits-thread.js'), new AbortController().signal);
  expect(await judge(before, after)).toContain('safety limit');
});

test('the licenses of what is bundled are beside it', () => {
  const text = readFileSync(dir.join('dist/LICENSES.txt'), 'utf8');
  for (const name of ['@oclif/core', 'yaml', '@marcbachmann/cel-js'])
    expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
});

test('validate starts from a few dozen files, and asks nothing on a terminal', async () => {
  const hook = dir.join('count.mjs');
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module';
    const files = [];
    registerHooks({ load(url, context, next) { if (!url.startsWith('node:')) files.push(url); return next(url, context); } });
    process.on('exit', () => process.stderr.write(files.join('\\n')));`,
  );
  const { stderr } = await built(['validate', 'policies-example'], ['--import', hook]);
  const files = stderr.split('\n');
  expect(files).toContainEqual(expect.stringContaining('dist/cli/commands/validate.js'));
  expect(files.length).toBeLessThan(60);
  expect(files.filter((file) => file.includes('node_modules'))).toEqual([]);
});
