import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { actionlint, buildActionlint } from '../support/actionlint.ts';
import { builtAction } from '../support/built-action.ts';
import { runSluice } from '../support/run-sluice.ts';
import { tempDir } from '../support/temp-dir.ts';

let binary: string;

beforeAll(async () => {
  binary = await buildActionlint();
  await builtAction();
});

test('actionlint finds nothing in the workflows of this repo, and every action in them is pinned by its commit', async () => {
  const folder = '.github/workflows';
  const files = (await readdir(folder)).map((name) => join(folder, name));
  expect(files.length).toBeGreaterThan(1);
  expect(await actionlint(binary, files, '.')).toBe('');
  for (const file of files) {
    for (const [, uses] of (await readFile(file, 'utf8')).matchAll(/^ +- uses: (.*)$/gm)) {
      expect(uses).toMatch(/^(\.\/\S+|\S+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
    }
  }
});

test.each(['github', 'gitea'])('actionlint finds nothing in what sluice init writes for %s', async (forge) => {
  await using dir = await tempDir();
  expect(await runSluice(['init', 'policies', '--forge', forge], { cwd: dir.path })).toMatchObject({ code: 0 });
  // By these it knows the root of a repo, and so finds the action there.
  for (const folder of ['.git', '.github/workflows']) await mkdir(dir.join('policies', folder), { recursive: true });
  const file = `.${forge}/workflows/sluice.yml`;
  const written = (await readdir(dir.join('policies', `.${forge}/workflows`))).map(
    (name) => `.${forge}/workflows/${name}`,
  );
  expect(written).toHaveLength(forge === 'github' ? 2 : 1);
  expect(await actionlint(binary, written, dir.join('policies'))).toBe('');
  const text = await readFile(dir.join('policies', file), 'utf8');
  await writeFile(
    dir.join('policies', file),
    text.replace('comment: $', 'coment: $').replace('contents: read', 'contents: reed'),
  );
  const found = await actionlint(binary, [file], dir.join('policies'));
  expect(found).toContain('"coment" is not defined in action');
  expect(found).toContain('"reed" is invalid');
});
