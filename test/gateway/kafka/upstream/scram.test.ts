import { expect, test } from 'vitest';
import {
  checkServerFinal,
  clientFinal,
  clientFirst,
  saltedPassword,
} from '../../../../gateway/kafka/upstream/scram.ts';

const refused = expect.objectContaining({ code: 'BrokerRefused' });

// The example exchange of RFC 7677, section 3.
const nonce = 'rOprNGfwEbeRWgbNEkqO';
const serverFirst = 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096';

test('the exchange of RFC 7677 gives its messages', async () => {
  const first = clientFirst('user', nonce);
  expect(first.message).toBe(`n,,n=user,r=${nonce}`);
  const final = await clientFinal('SCRAM-SHA-256', 'pencil', first, serverFirst);
  expect(final.message).toBe(
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  );
  checkServerFinal(final.serverSignature, 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
});

test.each([
  ['another signature', `v=${Buffer.alloc(32).toString('base64')}`],
  ['a shorter one', 'v=6rri'],
  ['an error', 'e=other-error'],
  ['nothing', ''],
])('a server-final with %s is refused', async (_, message) => {
  const final = await clientFinal('SCRAM-SHA-256', 'pencil', clientFirst('user', nonce), serverFirst);
  expect(() => checkServerFinal(final.serverSignature, message)).toThrow(refused);
});

test.each([
  ['a nonce that is not ours', 'r=xOprNGfwEbeRWgbNEkqOabc,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
  ['our nonce alone', `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
  ['too few iterations', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4095`],
  ['too many iterations', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=16385`],
  ['absurd iterations', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=99999999999`],
  ['no salt', `r=${nonce}x,i=4096`],
  ['an extension that must be understood', `m=ext,r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
])('a server-first with %s is refused', async (_, message) => {
  await expect(clientFinal('SCRAM-SHA-256', 'pencil', clientFirst('user', nonce), message)).rejects.toThrow(refused);
});

test('commas and equal signs in a user name are escaped', () => {
  expect(clientFirst('a=b,c=', 'n').message).toBe('n,,n=a=3Db=2Cc=3D,r=n');
});

test('salted passwords are as long as the hash', async () => {
  expect(await saltedPassword('SCRAM-SHA-256', 'p', Buffer.from('salt'), 4096)).toHaveLength(32);
  expect(await saltedPassword('SCRAM-SHA-512', 'p', Buffer.from('salt'), 4096)).toHaveLength(64);
});
