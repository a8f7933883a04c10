import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

const messy =
  '\ufeff# who leads\r\nkind: Group   # a kind\r\napiVersion: sluice.dev/v1\r\nspec:\r\n    # in this order\r\n    members: [ bob,alice ]\r\n\r\n\r\n    description:   "Leads."\r\nmetadata: {name: leads}';
const neat =
  '# who leads\napiVersion: sluice.dev/v1\nkind: Group # a kind\nmetadata: { name: leads }\nspec:\n  description: "Leads."\n  # in this order\n  members: [bob, alice]\n';

async function folder(files: Readonly<Record<string, string>>) {
  const dir = await tempDir();
  await mkdir(dir.join('repo/groups'), { recursive: true });
  for (const [path, content] of Object.entries(files)) await writeFile(dir.join('repo', path), content);
  return dir;
}

test('a file is laid out, its mode kept, and other YAML left alone', async () => {
  const other = 'services: {  a: 1 }';
  await using dir = await folder({ 'groups/leads.yaml': messy, 'compose.yaml': other });
  await chmod(dir.join('repo/groups/leads.yaml'), 0o640);
  const first = await runSluice(['fmt', 'repo'], { cwd: dir.path });
  expect(first).toEqual({ stdout: 'repo/groups/leads.yaml\n', stderr: 'ok: 1 file, 1 formatted\n', code: 0 });
  expect(await readFile(dir.join('repo/groups/leads.yaml'), 'utf8')).toBe(neat);
  expect((await stat(dir.join('repo/groups/leads.yaml'))).mode & 0o777).toBe(0o640);
  expect(await readFile(dir.join('repo/compose.yaml'), 'utf8')).toBe(other);
  expect(await readdir(dir.join('repo/groups'))).toEqual(['leads.yaml']);
  const again = await runSluice(['fmt'], { cwd: dir.join('repo') });
  expect(again).toEqual({ stdout: '', stderr: 'ok: 1 file, nothing to format\n', code: 0 });
});

test('--check writes nothing, and --diff shows the change', async () => {
  const almost = neat.replace('[bob, alice]', '[bob,alice]');
  await using dir = await folder({ 'groups/leads.yaml': almost });
  const check = await runSluice(['fmt', 'repo', '--check'], { cwd: dir.path });
  expect(check).toEqual({ stdout: 'repo/groups/leads.yaml\n', stderr: 'not ok: 1 file, 1 to format\n', code: 1 });
  const diff = await runSluice(['fmt', '--check', '--diff', 'repo/groups/leads.yaml'], { cwd: dir.path });
  expect(diff.code).toBe(1);
  expect(diff.stdout).toContain('--- a/repo/groups/leads.yaml\n+++ b/repo/groups/leads.yaml\n@@');
  expect(diff.stdout).toContain('-  members: [bob,alice]\n+  members: [bob, alice]\n');
  expect(await readFile(dir.join('repo/groups/leads.yaml'), 'utf8')).toBe(almost);
});

test('standard input goes to standard output', async () => {
  const run = async (args: readonly string[], input: string) => {
    const child = spawn('cli/sluice', ['fmt', '-', ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.end(input);
    const closed = new Promise((resolve) => child.on('close', resolve));
    return [await text(child.stdout), await text(child.stderr), await closed];
  };
  expect(await run([], messy)).toEqual([neat, '', 0]);
  expect(await run([], neat)).toEqual([neat, '', 0]);
  expect(await run(['--check'], messy)).toEqual(['stdin\n', '', 1]);
  const [out, err, code] = await run([], 'apiVersion: sluice.dev/v1\nkind: [');
  expect([out, code]).toEqual(['', 1]);
  expect(err).toContain('--> stdin:2:');
});

test('a file that is no YAML is left, the others are formatted', async () => {
  const broken = 'apiVersion: sluice.dev/v1\nkind: Group\nkind: Group\n';
  await using dir = await folder({ 'groups/leads.yaml': messy, 'groups/broken.yaml': broken });
  const { stdout, stderr, code } = await runSluice(['fmt', 'repo'], { cwd: dir.path });
  expect([stdout, code]).toEqual(['repo/groups/leads.yaml\n', 1]);
  expect(stderr).toContain('error yaml/duplicate-key');
  expect(stderr).toContain('not ok: 2 files, 1 formatted, 1 left as it is\n');
  expect(await readFile(dir.join('repo/groups/broken.yaml'), 'utf8')).toBe(broken);
});

test.each([
  ['a link out of the repo', ['repo'], 'it is a link, and the gateway reads none'],
  ['a link that is named', ['repo/groups/link.yaml'], 'it is a link; name the file that it leads to'],
  ['what is not there', ['repo/none.yaml'], 'there is no such file'],
])('%s is refused, and nothing is written', async (_name, args, why) => {
  await using dir = await folder({ 'groups/leads.yaml': messy });
  await writeFile(dir.join('outside.yaml'), messy);
  await symlink(dir.join('outside.yaml'), dir.join('repo/groups/link.yaml'));
  const { stdout, stderr, code } = await runSluice(['fmt', ...args], { cwd: dir.path });
  expect([stdout, code]).toEqual(['', 3]);
  expect(stderr).toContain(why);
  expect(await readFile(dir.join('outside.yaml'), 'utf8')).toBe(messy);
  expect(await readFile(dir.join('repo/groups/leads.yaml'), 'utf8')).toBe(messy);
});

test('a folder without documents of Sluice is a failure', async () => {
  await using dir = await folder({ 'compose.yaml': 'services: {}\n' });
  const ran = await runSluice(['fmt', 'repo'], { cwd: dir.path });
  expect(ran).toEqual({ stdout: '', stderr: 'not ok: no file with a document of Sluice\n', code: 1 });
});

test('where nothing can be written, the file stays as it was', async () => {
  await using dir = await folder({ 'groups/leads.yaml': messy });
  // A name so long that no file beside it can have it with more behind: writing fails for root, too.
  const name = `${'x'.repeat(250)}.yaml`;
  await cp(dir.join('repo/groups/leads.yaml'), dir.join('repo/groups', name));
  const { stderr, code } = await runSluice(['fmt', `repo/groups/${name}`], { cwd: dir.path });
  expect(code).toBe(3);
  expect(stderr).toContain('code: FileNotWritten');
  expect(await readFile(dir.join('repo/groups', name), 'utf8')).toBe(messy);
});

test('the example repo and a new repo are formatted', async () => {
  expect((await runSluice(['fmt', '--check', 'policies-example'])).code).toBe(0);
  await using dir = await tempDir();
  await runSluice(['init', 'new'], { cwd: dir.path });
  expect(await runSluice(['fmt', '--check', '--diff', 'new'], { cwd: dir.path })).toMatchObject({
    stdout: '',
    code: 0,
  });
});
