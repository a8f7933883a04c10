import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';
import { type CryptoKey, exportSPKI, importJWK } from 'jose';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AccessError, UpstreamError } from '../../../core/errors/sluice-error.ts';
import type { TrustedIssuer } from '../../../core/model/trust-root.ts';
import { TokenVerifier } from '../../../gateway/identity/token-verifier.ts';
import { describeError } from '../../../gateway/telemetry/logger.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { type LocalIssuer, type SigningKey, signingKey, startLocalIssuer } from './local-issuer.ts';

const [first, second, third, elliptic] = await Promise.all([
  signingKey('first'),
  signingKey('second'),
  signingKey('third'),
  signingKey('elliptic', 'ES256'),
]);

async function given(options: Partial<TrustedIssuer> & { key?: SigningKey } = {}) {
  const clock = new FakeClock();
  const issuer = await startLocalIssuer(options.key ?? first, () => clock.now());
  const { key: _key, ...over } = options;
  const trusted: TrustedIssuer = {
    issuer: issuer.url,
    audience: 'sluice',
    algorithms: ['RS256', 'ES256'],
    jwksUri: undefined,
    maxAge: undefined,
    tokenType: undefined,
    ...over,
  };
  const verifier = new TokenVerifier([trusted], clock);
  return {
    clock,
    issuer,
    verifier,
    seconds: () => Math.floor(clock.now() / 1000),
    [Symbol.asyncDispose]: () => issuer[Symbol.asyncDispose](),
  };
}

/** The refusal of a token, after a look that nothing of the token is in it. */
async function refusal(verifier: TokenVerifier, token: string): Promise<string> {
  const error: unknown = await verifier.verify(token).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(AccessError);
  expect(error).toMatchObject({ code: 'TokenRefused' });
  hidesToken(error, token);
  return (error as AccessError).why ?? '';
}

function hidesToken(error: unknown, token: string): void {
  const shown = `${JSON.stringify(describeError(error))} ${(error as Error).message} ${inspect(error, { depth: 8 })}`;
  for (const part of [token, ...token.split('.')]) if (part.length > 8) expect(shown).not.toContain(part);
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

test('a good token: its claims and times, less those that are of no use to anybody', async () => {
  await using at = await given();
  const token = await at.issuer.token({ groups: ['dev'], email: 'ada@example.com', jti: 'j', nbf: at.seconds() });
  expect(await at.verifier.verify(token)).toEqual({
    issuer: at.issuer.url,
    subject: 'ada',
    claims: { groups: ['dev'], email: 'ada@example.com' },
    issuedAt: at.seconds() * 1000,
    expiresAt: (at.seconds() + 600) * 1000,
  });
  expect(at.issuer.asked).toEqual(['/.well-known/openid-configuration', '/jwks']);
  await at.verifier.verify(await at.issuer.token());
  expect(at.issuer.asked).toHaveLength(2); // keys are kept
});

test('keys are read from a configured address without discovery; another algorithm works when it is allowed', async () => {
  await using at = await given({ key: elliptic });
  const verifier = new TokenVerifier(
    [
      {
        issuer: at.issuer.url,
        audience: 'sluice',
        algorithms: ['ES256'],
        jwksUri: `${at.issuer.url}/jwks`,
        maxAge: undefined,
        tokenType: undefined,
      },
    ],
    at.clock,
  );
  expect(await verifier.verify(await at.issuer.token())).toMatchObject({ subject: 'ada' });
  expect(at.issuer.asked).toEqual(['/jwks']);
});

const claims: [string, (seconds: number) => Record<string, unknown>, string][] = [
  ['expired', (s) => ({ iat: s - 700, exp: s - 6 }), 'it has expired'],
  ['not yet valid', (s) => ({ nbf: s + 60 }), 'its nbf claim does not hold'],
  ['for another audience', () => ({ aud: 'other' }), 'it is for another audience'],
  ['for several others', () => ({ aud: ['other', 'sluice2'] }), 'it is for another audience'],
  [
    'of an issuer that is not trusted',
    () => ({ iss: 'https://evil.example.com' }),
    'its issuer is not trusted by this gateway',
  ],
  ['of an issuer that is a list', (_s) => ({ iss: ['x'] }), 'its issuer is not trusted by this gateway'],
  ['without aud', () => ({ aud: undefined }), 'it is for another audience'],
  ['without exp', () => ({ exp: undefined }), 'its exp claim does not hold'],
  ['without iat', () => ({ iat: undefined }), 'its iat claim does not hold'],
  ['without sub', () => ({ sub: undefined }), 'its sub claim does not hold'],
  ['with an empty sub', () => ({ sub: '' }), 'its sub claim is empty or too long'],
  ['with a long sub', () => ({ sub: 'x'.repeat(257) }), 'its sub claim is empty or too long'],
  ['with a sub that is a number', () => ({ sub: 7 }), 'its sub claim is empty or too long'],
  ['with an exp that is text', () => ({ exp: 'tomorrow' }), 'its exp claim does not hold'],
];

test.each(claims)('%s: refused', async (_what, change, why) => {
  await using at = await given();
  const token = await at.issuer.token(change(at.seconds()) as never);
  expect(await refusal(at.verifier, token)).toBe(why);
});

test('5 s of difference between the clocks are let pass, 6 s are not', async () => {
  await using at = await given();
  const token = await at.issuer.token({ exp: at.seconds() });
  at.clock.advance(4000);
  await at.verifier.verify(token);
  at.clock.advance(1000);
  expect(await refusal(at.verifier, token)).toBe('it has expired');
});

test('alg none, and the public key as an HMAC secret', async () => {
  await using at = await given();
  const payload = { iss: at.issuer.url, aud: 'sluice', sub: 'ada', iat: at.seconds(), exp: at.seconds() + 60 };
  const none = `${encode({ alg: 'none', kid: 'first' })}.${encode(payload)}.`;
  expect(await refusal(at.verifier, none)).toBe('its algorithm is not allowed');
  const spki = await exportSPKI((await importJWK(first.jwk, 'RS256', { extractable: true })) as CryptoKey);
  for (const secret of [spki, spki.trim(), JSON.stringify(first.jwk), first.jwk.n!]) {
    const signed = `${encode({ alg: 'HS256', kid: 'first' })}.${encode(payload)}`;
    const token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
    expect(await refusal(at.verifier, token)).toBe('its algorithm is not allowed');
  }
});

test('an algorithm that the issuer was not given is refused though the key is there', async () => {
  await using at = await given({ key: elliptic, algorithms: ['RS256'] });
  expect(await refusal(at.verifier, await at.issuer.token())).toBe('its algorithm is not allowed');
});

test('every change of a signed token is noticed', async () => {
  await using at = await given();
  const [header, payload, signature] = (await at.issuer.token()).split('.') as [string, string, string];
  const other = encode({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'mallory' });
  expect(await refusal(at.verifier, `${header}.${other}.${signature}`)).toBe('its signature is wrong');
  const flipped = `${signature.slice(0, 5)}${signature[5] === 'A' ? 'B' : 'A'}${signature.slice(6)}`;
  expect(await refusal(at.verifier, `${header}.${payload}.${flipped}`)).toBe('its signature is wrong');
  expect(await refusal(at.verifier, `${header}.${payload}.`)).toBe('its signature is wrong');
});

test('a token signed by a key of nobody, under a known and under an unknown name', async () => {
  await using at = await given();
  const known = await at.issuer.token({}, { key: second, header: { kid: 'first' } });
  expect(await refusal(at.verifier, known)).toBe('its signature is wrong');
  const unknown = await at.issuer.token({}, { key: second });
  expect(await refusal(at.verifier, unknown)).toBe('no current key of its issuer signed it');
});

test('a key in the token itself is not believed', async () => {
  await using at = await given();
  const token = await at.issuer.token({}, { key: second, header: { jwk: second.jwk, kid: 'second' } });
  expect(await refusal(at.verifier, token)).toBe('no current key of its issuer signed it');
  const fetched = await at.issuer.token({}, { key: second, header: { jku: `${at.issuer.url}/evil`, kid: 'second' } });
  expect(await refusal(at.verifier, fetched)).toBe('no current key of its issuer signed it');
  expect(at.issuer.asked).not.toContain('/evil');
});

test('a critical header that is not understood is refused', async () => {
  await using at = await given();
  const [, payload] = (await at.issuer.token()).split('.');
  const token = `${encode({ alg: 'RS256', kid: 'first', crit: ['x'], x: 1 })}.${payload}.AAAA`;
  expect(await refusal(at.verifier, token)).toBe('it is not a valid signed JWT');
});

test('keys rotate: a new one is found after the cool-down, one that is gone does not count any more', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  await using at = await given();
  const old = await at.issuer.token();
  await at.verifier.verify(old);
  at.issuer.keys = [second];
  const fresh = await at.issuer.token();
  expect(await refusal(at.verifier, fresh)).toBe('no current key of its issuer signed it'); // asked a moment ago
  await at.verifier.verify(old);
  vi.setSystemTime(Date.now() + 10_001);
  expect(await at.verifier.verify(fresh)).toMatchObject({ subject: 'ada' });
  expect(await refusal(at.verifier, old)).toBe('no current key of its issuer signed it');
  expect(at.issuer.asked.filter((path) => path === '/jwks')).toHaveLength(2);
});

test('a key that is gone is refused after ten minutes even when no new one turns up', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  await using at = await given();
  const old = await at.issuer.token();
  await at.verifier.verify(old);
  at.issuer.keys = [second];
  vi.setSystemTime(Date.now() + 599_000);
  await at.verifier.verify(old);
  vi.setSystemTime(Date.now() + 2000);
  expect(await refusal(at.verifier, old)).toBe('no current key of its issuer signed it');
});

test('a flood of unknown key names asks the issuer once', async () => {
  await using at = await given();
  await at.verifier.verify(await at.issuer.token());
  for (let i = 0; i < 20; i++)
    await refusal(at.verifier, await at.issuer.token({}, { key: third, header: { kid: `k${i}` } }));
  expect(at.issuer.asked.filter((path) => path === '/jwks').length).toBeLessThanOrEqual(2);
});

test('too long, and not a token at all', async () => {
  await using at = await given();
  const long = await at.issuer.token({ pad: 'x'.repeat(16_384) });
  expect(await refusal(at.verifier, long)).toBe('it is longer than 16 KiB');
  expect(at.issuer.asked).toEqual([]);
  for (const garbage of [
    '',
    '.',
    '..',
    'a.b.c',
    'not a token',
    '\u0000'.repeat(100),
    '{"alg":"none"}',
    'ä.ö.ü',
    encode({}),
  ]) {
    expect(await refusal(at.verifier, garbage)).toMatch(/not a JWT|not trusted/);
  }
  const five = `${encode({ alg: 'dir', enc: 'A256GCM' })}.${encode({ iss: at.issuer.url })}.AAAA.AAAA.AAAA`; // a JWE
  expect(await refusal(at.verifier, five)).toMatch(/not a (valid signed )?JWT/);
  expect(at.issuer.asked).toEqual([]);
});

test('a token older than maxAge is refused though it has not expired', async () => {
  await using at = await given({ maxAge: 60_000 });
  const token = await at.issuer.token({ exp: at.seconds() + 36_000 });
  at.clock.advance(60_000);
  await at.verifier.verify(token);
  at.clock.advance(6000);
  expect(await refusal(at.verifier, token)).toBe('it is too old');
  const ahead = await at.issuer.token({ iat: at.seconds() + 60 });
  expect(await refusal(at.verifier, ahead)).toMatch(/iat/);
});

test('a token of another type is refused when one is asked for', async () => {
  await using at = await given({ tokenType: 'at+jwt' });
  await at.verifier.verify(await at.issuer.token({}, { header: { typ: 'at+jwt' } }));
  await at.verifier.verify(await at.issuer.token({}, { header: { typ: 'application/at+jwt' } }));
  for (const header of [{}, { typ: 'JWT' }]) {
    expect(await refusal(at.verifier, await at.issuer.token({}, { header }))).toBe('its typ claim does not hold');
  }
});

const outages: [string, (issuer: LocalIssuer) => unknown][] = [
  ['everything is down', (issuer) => (issuer.broken = 'all')],
  ['only the keys are down', (issuer) => (issuer.broken = 'jwks')],
  ['discovery names another issuer', (issuer) => (issuer.discovery = { issuer: 'https://x', jwks_uri: 'https://x' })],
  ['discovery names no keys', (issuer) => (issuer.discovery = { issuer: issuer.url })],
  ['discovery is not JSON', (issuer) => (issuer.discovery = '<html>')],
  ['the address of the keys is no URL', (issuer) => (issuer.discovery = { issuer: issuer.url, jwks_uri: 'keys' })],
  [
    'the keys are somewhere that refuses',
    (issuer) => (issuer.discovery = { issuer: issuer.url, jwks_uri: 'http://127.0.0.1:1/' }),
  ],
  ['the keys are no keys', (issuer) => (issuer.discovery = { issuer: issuer.url, jwks_uri: `${issuer.url}/other` })],
];

test.each(outages)('%s: that is not a no, and it is tried again', async (_what, breakIt) => {
  await using at = await given();
  breakIt(at.issuer);
  const token = await at.issuer.token();
  const error: unknown = await at.verifier.verify(token).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(UpstreamError);
  expect(error).toMatchObject({ code: 'IssuerUnreachable', retry: 'later', at: at.issuer.url });
  hidesToken(error, token);
  at.issuer.broken = undefined;
  at.issuer.discovery = undefined;
  expect(await at.verifier.verify(token)).toMatchObject({ subject: 'ada' });
});
