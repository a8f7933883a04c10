import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { openCheckpoint, signCheckpoint } from '../../../core/audit/checkpoint.ts';
import { noteSigner, noteVerifier, openNote } from '../../../core/audit/signed-note.ts';

const pemOf = (type: 'ed25519' | 'x25519'): string =>
  (type === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('x25519')).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  }) as string;
const signer = noteSigner('sluice.dev/audit/gw1', pemOf('ed25519'));
const key = noteVerifier(signer.vkey);

// From golang.org/x/mod/sumdb/note, whose format C2SP wrote down.
const peter = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const published =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n" +
  '\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

test('a note that another implementation signed is opened', () => {
  expect(openNote(published, [noteVerifier(peter)])).toMatchObject({ kind: 'signed' });
});

test('a checkpoint has three lines and one signature', () => {
  const note = signCheckpoint({ origin: signer.name, size: 3, root: 'ab'.repeat(32) }, signer);
  expect(note.split('\n')).toEqual([
    'sluice.dev/audit/gw1',
    '3',
    Buffer.alloc(32, 0xab).toString('base64'),
    '',
    expect.stringMatching(/^— sluice\.dev\/audit\/gw1 [A-Za-z0-9+/=]+$/),
    '',
  ]);
  expect(openCheckpoint(note, [key])).toMatchObject({ kind: 'signed', checkpoint: { size: 3, root: 'ab'.repeat(32) } });
});

test('other keys, other texts and other names are refused', () => {
  const note = signCheckpoint({ origin: signer.name, size: 3, root: 'ab'.repeat(32) }, signer);
  const other = noteSigner(signer.name, pemOf('ed25519'));
  expect(openCheckpoint(note, [noteVerifier(other.vkey)]).kind).toBe('unknownKey');
  expect(openCheckpoint(note, []).kind).toBe('unknownKey');
  expect(openCheckpoint(note.replace('\n3\n', '\n4\n'), [key]).kind).toBe('badSignature');
  expect(openCheckpoint('', [key]).kind).toBe('malformed');
  expect(openCheckpoint(`${note}x`, [key]).kind).toBe('malformed');
  const foreign = signCheckpoint({ origin: 'sluice.dev/audit/gw10', size: 3, root: 'ab'.repeat(32) }, signer);
  expect(openCheckpoint(foreign, [key]).kind).toBe('foreignOrigin');
  const part = signCheckpoint({ origin: 'sluice.dev/audit/gw1/0', size: 3, root: 'ab'.repeat(32) }, signer);
  expect(openCheckpoint(part, [key]).kind).toBe('signed');
});

test.each(['', 'x', 'a+b', 'gw1+00000000+AAAA', peter.replace('c74', 'c75'), `${peter}=`])(
  '%j is no verifier key',
  (vkey) => {
    expect(() => noteVerifier(vkey)).toThrow(expect.objectContaining({ code: 'BadKey' }));
  },
);

test('only Ed25519 keys sign', () => {
  expect(() => noteSigner('gw1', pemOf('x25519'))).toThrow(expect.objectContaining({ code: 'BadKey' }));
  expect(() => noteSigner('gw1', 'not a key')).toThrow(expect.objectContaining({ code: 'BadKey' }));
  expect(() => noteSigner('a b', pemOf('ed25519'))).toThrow(expect.objectContaining({ code: 'BadKey' }));
});
