import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { matchesGlob } from 'node:path';
import { parse } from 'jsonc-parser';
import { expect, test } from 'vitest';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

test('every schema is written, and once more nothing is', async () => {
  await using dir = await tempDir();
  const first = await runSluice(['schema'], { cwd: dir.path });
  expect(first).toMatchObject({ stderr: '', code: 0 });
  const names = (await readdir('schemas/v1')).sort();
  expect((await readdir(dir.join('.sluice/schemas'))).sort()).toEqual(names);
  for (const name of names) {
    expect(await readFile(dir.join('.sluice/schemas', name), 'utf8')).toBe(
      await readFile(`schemas/v1/${name}`, 'utf8'),
    );
  }
  const second = await runSluice(['schema'], { cwd: dir.path });
  expect(second.stdout.split('\n')[0]).toBe(`ok: 0 written, ${names.length} up to date`);
});

test('VS Code finds for each file of a new repo the schema that its first line names', async () => {
  await using dir = await tempDir();
  await runSluice(['init', 'repo'], { cwd: dir.path });
  expect(await runSluice(['schema', 'repo', '--editor', 'vscode'], { cwd: dir.path })).toMatchObject({ code: 0 });
  const settings = parse(await readFile(dir.join('repo/.vscode/settings.json'), 'utf8'));
  const globs = Object.entries<string | string[]>(settings['yaml.schemas']);
  const files = (await readdir(dir.join('repo'), { recursive: true })).filter((path) => path.endsWith('.yaml'));
  expect(files.length).toBeGreaterThan(8);
  for (const file of files) {
    const line = (await readFile(dir.join('repo', file), 'utf8')).split('\n')[0];
    const found = globs.filter(([, glob]) => [glob].flat().some((one) => matchesGlob(`/${file}`, one)));
    expect(found.map(([schema]) => schema)).toEqual([`./.sluice/${/schemas\/[a-z-]+\.schema\.json/.exec(line!)![0]}`]);
    expect(existsSync(dir.join('repo', found[0]![0]))).toBe(true);
  }
});

test('settings that are there keep their comments, their order and their other schemas', async () => {
  await using dir = await tempDir();
  await mkdir(dir.join('.vscode'));
  const mine =
    '{\n  // mine\n  "editor.tabSize": 8, /* wide */\n  "yaml.schemas": {\n    "./own.json": "own/*.yaml", // keep\n  },\n}\n';
  await writeFile(dir.join('.vscode/settings.json'), mine);
  expect(await runSluice(['schema', '--editor', 'vscode'], { cwd: dir.path })).toMatchObject({ code: 0 });
  const after = await readFile(dir.join('.vscode/settings.json'), 'utf8');
  for (const kept of ['  // mine\n  "editor.tabSize": 8, /* wide */', '"./own.json": "own/*.yaml"', '// keep']) {
    expect(after).toContain(kept);
  }
  const settings = parse(after);
  expect(settings['yaml.schemas']).toMatchObject({
    './own.json': 'own/*.yaml',
    './.sluice/schemas/repo.schema.json': '/sluice.yaml',
  });
  await runSluice(['schema', '--editor', 'vscode'], { cwd: dir.path });
  expect(await readFile(dir.join('.vscode/settings.json'), 'utf8')).toBe(after);
});

test("JetBrains' mappings of others stay, and ours are there once", async () => {
  await using dir = await tempDir();
  await runSluice(['schema', '--editor', 'jetbrains'], { cwd: dir.path });
  const path = dir.join('.idea/jsonSchemas.xml');
  const alone = await readFile(path, 'utf8');
  const other = '        <entry key="Mine">\n          <value><SchemaInfo /></value>\n        </entry>\n';
  await writeFile(
    path,
    alone.replace('      <map>\n', `      <map>\n${other}`).replace('value="identities"', 'value="x"'),
  );
  await runSluice(['schema', '--editor', 'jetbrains'], { cwd: dir.path });
  expect(await readFile(path, 'utf8')).toBe(alone.replace('      <map>\n', `      <map>\n${other}`));
});

test.each<[string, string, string | undefined, readonly string[], string]>([
  ['settings that are no JSON', '.vscode/settings.json', '{ "a": ', ['--editor', 'vscode'], 'cannot add to'],
  ['settings that are a list', '.vscode/settings.json', '[]', ['--editor', 'vscode'], 'it is not an object'],
  ['mappings without a map', '.idea/jsonSchemas.xml', '<project/>', ['--editor', 'jetbrains'], 'it has no <map>'],
  ["somebody else's file", '.sluice/schemas/repo.schema.json', '{"$id": "mine"}', [], 'no schema of Sluice is there'],
  ['a link', '.sluice/schemas/repo.schema.json', undefined, [], 'it is not a regular file'],
])('%s is refused, and nothing is written', async (_name, path, text, args, why) => {
  await using dir = await tempDir();
  await mkdir(dir.join(path, '..'), { recursive: true });
  if (text === undefined) await symlink('/etc/hostname', dir.join(path));
  else await writeFile(dir.join(path), text);
  const { stdout, stderr, code } = await runSluice(['schema', ...args], { cwd: dir.path });
  expect([stdout, code]).toEqual(['', 3]);
  expect(stderr).toContain(why);
  const files = await readdir(dir.path, { recursive: true, withFileTypes: true });
  expect(files.filter((entry) => !entry.isDirectory()).length).toBe(1);
});

test.each(['..', '/tmp/x', '../x'])('--out %s is not of the repo', async (out) => {
  await using dir = await tempDir();
  expect(await runSluice(['schema', '--out', out], { cwd: dir.path })).toMatchObject({ code: 2, stdout: '' });
});
