import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { BareClone } from '../../../core/git/bare-clone.ts';
import { verifySsh } from '../../../core/git/ssh-signature.ts';
import { sshKey } from '../../support/ssh-key.ts';
import { tempDir } from '../../support/temp-dir.ts';

const who = { name: 'A B', email: 'a@example.com' };

async function repoWithOneCommit(dir: Awaited<ReturnType<typeof tempDir>>): Promise<string> {
  const remote = dir.join('remote.git');
  execFileSync('git', ['init', '-q', '--bare', '-b', 'main', remote]);
  const work = dir.join('work');
  execFileSync('git', ['init', '-q', '-b', 'main', work]);
  mkdirSync(`${work}/grants`);
  writeFileSync(`${work}/sluice.yaml`, 'a: 1\n');
  writeFileSync(`${work}/.gitattributes`, 'sluice.yaml export-ignore\n');
  const env = {
    ...process.env,
    GIT_AUTHOR_NAME: 'x',
    GIT_AUTHOR_EMAIL: 'x@y',
    GIT_COMMITTER_NAME: 'x',
    GIT_COMMITTER_EMAIL: 'x@y',
  };
  execFileSync('git', ['-C', work, 'add', '-A']);
  execFileSync('git', ['-C', work, 'commit', '-qm', 'first'], { env });
  execFileSync('git', ['-C', work, 'push', '-q', remote, 'main']);
  return remote;
}

test('a commit written, signed and pushed by one clone is read and verified by another', async () => {
  await using dir = await tempDir();
  const remote = await repoWithOneCommit(dir);
  const key = sshKey(dir.join('key'));
  await using writer = await BareClone.open(dir.join('w'), remote);
  const base = (await writer.fetch('main'))!;
  const tree = await writer.writeTree(base, { 'grants/2026-01/a b.yaml': 'x: 1\n', 'sluice.yaml': undefined });
  const id = await writer.writeCommit(
    { tree, parents: [base], author: who, when: 1_700_000_000_000, message: 'ask' },
    key.file,
  );
  await writer.push([{ ref: 'refs/heads/request/x', commit: id }]);

  await using reader = await BareClone.open(dir.join('r'), remote);
  expect(await reader.fetchAll('refs/heads/request/')).toEqual([['x', id]]);
  const commit = await reader.commit(id);
  expect(commit).toMatchObject({
    tree,
    parents: [base],
    message: 'ask\n',
    author: { ...who, when: 1_700_000_000_000 },
  });
  const other = sshKey(dir.join('other'));
  expect(
    await verifySsh(commit.payload, commit.signature!, 'git', [
      { name: 'o', key: other.key },
      { name: 'me', key: key.key },
    ]),
  ).toBe('me');
  expect(await verifySsh(commit.payload, commit.signature!, 'git', [{ name: 'o', key: other.key }])).toBeUndefined();
  expect(
    await verifySsh(Buffer.from('other'), commit.signature!, 'git', [{ name: 'me', key: key.key }]),
  ).toBeUndefined();
  expect(await verifySsh(commit.payload, commit.signature!, 'else', [{ name: 'me', key: key.key }])).toBeUndefined();
  expect((await reader.tree(id)).map((entry) => entry.path)).toEqual(['.gitattributes', 'grants/2026-01/a b.yaml']);
  expect(await reader.changes(base, id)).toMatchObject([
    { path: 'grants/2026-01/a b.yaml', before: undefined },
    { path: 'sluice.yaml', after: undefined },
  ]);
  const blob = (await reader.tree(id))[1]!.id;
  expect((await reader.blob(blob, 100)).toString()).toBe('x: 1\n');
  await expect(reader.blob(blob, 2)).rejects.toMatchObject({ why: expect.stringContaining('over the cap') });
  // Many at once, of which some are read past in many chunks.
  const mixed = await reader.writeTree(base, { 'large.yaml': 'x'.repeat(3_000_000), 'small.yaml': 'y: 1\n' });
  const both = await reader.tree(mixed);
  const [large, small] = ['large.yaml', 'small.yaml'].map((path) => both.find((entry) => entry.path === path)!.id);
  const reads = [large, small, large, small].map((one) => reader.blob(one!, 1000).then(String, ({ code }) => code));
  expect(await Promise.all(reads)).toEqual(['RepoUnsafe', 'y: 1\n', 'RepoUnsafe', 'y: 1\n']);
});

test('the first-parent chain ends at the commit asked for, or is not a chain at all', async () => {
  await using dir = await tempDir();
  const remote = await repoWithOneCommit(dir);
  await using clone = await BareClone.open(dir.join('c'), remote);
  const base = (await clone.fetch('main'))!;
  const step = async (parents: string[], message: string): Promise<string> =>
    clone.writeCommit(
      { tree: (await clone.commit(base)).tree, parents, author: who, when: 1_700_000_000_000, message },
      undefined,
    );
  const a = await step([base], 'a');
  const b = await step([base], 'b');
  const merge = await step([a, b], 'merge');
  const foxtrot = await step([b, a], 'foxtrot');
  expect(await clone.firstParents(merge, base, 10)).toEqual([a, merge]);
  expect(await clone.firstParents(merge, a, 10)).toEqual([merge]);
  expect(await clone.firstParents(foxtrot, a, 10)).toBeUndefined();
  expect(await clone.isAncestor(a, foxtrot)).toBe(true);
  await expect(clone.firstParents(merge, base, 1)).rejects.toThrow(/more than 1 commits/);
});

test('replace refs, a missing branch and unreachable remotes are refused or told apart', async () => {
  await using dir = await tempDir();
  const remote = await repoWithOneCommit(dir);
  await using clone = await BareClone.open(dir.join('c'), remote);
  const base = (await clone.fetch('main'))!;
  expect(await clone.fetch('gone')).toBeUndefined();
  mkdirSync(dir.join('c/refs/replace'));
  writeFileSync(dir.join('c/refs/replace', base), `${base}\n`);
  await expect(clone.fetch('main')).rejects.toThrow(/replace refs/);
  await using lost = await BareClone.open(dir.join('d'), dir.join('nowhere.git'));
  await expect(lost.fetch('main')).rejects.toMatchObject({ code: 'GitFailed', retry: 'later' });
});

test('what git refuses without a word is refused here too', async () => {
  await using dir = await tempDir();
  const remote = await repoWithOneCommit(dir);
  await using clone = await BareClone.open(dir.join('c'), remote);
  const base = (await clone.fetch('main'))!;
  const change = async (text: string): Promise<string> =>
    clone.writeCommit(
      {
        tree: await clone.writeTree(base, { 'sluice.yaml': text }),
        parents: [base],
        author: who,
        when: 1_700_000_000_000,
        message: text,
      },
      undefined,
    );
  const [ours, theirs] = [await change('a: 2\n'), await change('a: 3\n')];
  expect(await clone.mergeTrees(ours, theirs)).toBeUndefined();
  expect(await clone.mergeTrees(ours, base)).toBe((await clone.commit(ours)).tree);
  await expect(clone.resolve('nowhere')).rejects.toMatchObject({ code: 'RevisionNotFound' });
  const orphan = await clone.writeCommit(
    { tree: (await clone.commit(base)).tree, parents: [], author: who, when: 1_700_000_000_000, message: 'alone' },
    undefined,
  );
  expect(await clone.mergeBase(ours, orphan)).toBeUndefined();
  expect(await clone.mergeBase(ours, theirs)).toBe(base);
  expect([await clone.has(base), await clone.has('0'.repeat(40))]).toEqual([true, false]);
});

test('a token is shown to the remote, and stands in no file and on no command line', async () => {
  await using dir = await tempDir();
  const token = 'secret-of-the-forge';
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/acme/policies.git`;
    await using clone = await BareClone.open(dir.join('c'), url, { token: async () => token });
    const failure = await clone.fetch('main').catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'GitFailed' });
    const basic = Buffer.from(`x-access-token:${token}`).toString('base64');
    expect(seen[0]).toBe(`Basic ${basic}`);
    for (const text of [...filesBelow(dir.path), inspect(failure, { depth: 9 })]) {
      expect(text).not.toContain(token);
      expect(text).not.toContain(basic);
    }
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
}
