import { expect, test } from 'vitest';
import { formatCommit, parseCommit, withSignature } from '../../../core/git/commit.ts';

const id = (digit: string): string => digit.repeat(40);
const who = 'A <a@example.com> 1700000000 +0000';
const body = (...header: string[]): Buffer => Buffer.from(`${header.join('\n')}\n\nmessage\n`);

test('the payload is what was signed, byte for byte', () => {
  const author = { name: 'A', email: 'a@example.com' };
  const text = formatCommit({ tree: id('1'), parents: [id('2')], author, when: 1_700_000_000_000, message: 'ü' });
  const signature = '-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n';
  const commit = parseCommit(id('3'), Buffer.from(withSignature(text, signature)));
  expect(commit.payload.toString()).toBe(text);
  expect(commit).toMatchObject({ signature, parents: [id('2')], author: { when: 1_700_000_000_000 } });
});

test('headers that git does not know are kept and mean nothing', () => {
  const commit = parseCommit(
    id('3'),
    body(`tree ${id('1')}`, `author ${who}`, `committer ${who}`, 'mergetag object', ' type commit', 'x y'),
  );
  expect(commit.parents).toEqual([]);
  expect(commit.payload.toString()).toContain('mergetag object\n type commit\nx y\n');
});

test.each([
  ['a parent after the author', [`tree ${id('1')}`, `author ${who}`, `parent ${id('2')}`, `committer ${who}`]],
  ['a parent after the committer', [`tree ${id('1')}`, `author ${who}`, `committer ${who}`, `parent ${id('2')}`]],
  ['a parent before the tree', [`parent ${id('2')}`, `tree ${id('1')}`, `author ${who}`, `committer ${who}`]],
  ['a second tree', [`tree ${id('1')}`, `tree ${id('2')}`, `author ${who}`, `committer ${who}`]],
  ['a second author', [`tree ${id('1')}`, `author ${who}`, `author ${who}`, `committer ${who}`]],
  ['an unknown header before the committer', [`tree ${id('1')}`, `author ${who}`, 'x y', `committer ${who}`]],
  ['no author', [`tree ${id('1')}`, `committer ${who}`]],
  ['an author without an address', [`tree ${id('1')}`, 'author A 1 +0000', `committer ${who}`]],
])('what git would read in another way is refused: %s', (_name, header) => {
  expect(() => parseCommit(id('3'), body(...header))).toThrow(expect.objectContaining({ code: 'RepoUnsafe' }));
});

test('of two signatures none is taken', () => {
  const header = [`tree ${id('1')}`, `author ${who}`, `committer ${who}`, 'gpgsig a', ' b', 'gpgsig-sha256 c'];
  const commit = parseCommit(id('3'), body(...header));
  expect(commit.signature).toBeUndefined();
  expect(commit.payload.toString()).not.toMatch(/gpgsig/);
});
