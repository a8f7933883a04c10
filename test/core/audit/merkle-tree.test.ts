import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { leafHash } from '../../../core/audit/chain.ts';
import { MerkleTree } from '../../../core/audit/merkle-tree.ts';

const sha = (...parts: Uint8Array[]): Buffer => parts.reduce((h, p) => h.update(p), createHash('sha256')).digest();

/** RFC 6962, section 2.1, as it stands there. */
function reference(leaves: readonly string[]): Buffer {
  if (leaves.length === 0) return sha();
  if (leaves.length === 1) return sha(Buffer.of(0), Buffer.from(leaves[0] as string));
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return sha(Buffer.of(1), reference(leaves.slice(0, k)), reference(leaves.slice(k)));
}

test('the root is the one of RFC 6962 at every size, also when the tree goes on from a frontier', () => {
  const leaves = Array.from({ length: 70 }, (_, i) => `line ${i}`);
  let tree = new MerkleTree();
  for (let n = 0; n <= leaves.length; n++) {
    expect(tree.root()).toBe(reference(leaves.slice(0, n)).toString('hex'));
    tree = new MerkleTree(tree.size, tree.frontier);
    tree.add(leafHash(leaves[n] ?? ''));
  }
});

test('known values of RFC 6962 implementations', () => {
  const tree = new MerkleTree();
  expect(tree.root()).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  tree.add(leafHash(''));
  expect(tree.root()).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d');
  tree.add(leafHash(Buffer.of(0)));
  expect(tree.root()).toBe('fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125');
});

test('a frontier that does not fit the size is refused', () => {
  expect(() => new MerkleTree(3, ['a'.repeat(64)])).toThrow(/frontier/);
  expect(() => new MerkleTree(1, ['zz'])).toThrow(/frontier/);
});
