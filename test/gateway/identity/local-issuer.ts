/** An issuer on loopback whose keys and answers a test changes at will. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function signingKey(kid: string, alg = 'RS256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

export interface LocalIssuer extends AsyncDisposable {
  readonly url: string;
  /** What /jwks publishes. */
  keys: SigningKey[];
  /** Answers of the server, when they are to be others. */
  discovery: Record<string, unknown> | string | undefined;
  broken: 'jwks' | 'all' | undefined;
  readonly asked: string[];
  token(claims?: JWTPayload, options?: { key?: SigningKey; header?: Record<string, unknown> }): Promise<string>;
}

/** `now`: epoch ms that tokens are issued at. */
export async function startLocalIssuer(key: SigningKey, now: () => number): Promise<LocalIssuer> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    issuer.asked.push(path);
    const broken = issuer.broken === 'all' || (issuer.broken === 'jwks' && path === '/jwks');
    const body = broken
      ? 'down'
      : path === '/jwks'
        ? { keys: issuer.keys.map(({ jwk }) => jwk) }
        : (issuer.discovery ?? { issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` });
    response.writeHead(broken ? 503 : 200, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer: LocalIssuer = {
    url,
    keys: [key],
    discovery: undefined,
    broken: undefined,
    asked: [],
    token(claims = {}, options = {}) {
      const by = options.key ?? issuer.keys[0]!;
      const seconds = Math.floor(now() / 1000);
      const all = { iss: url, aud: 'sluice', sub: 'ada', iat: seconds, exp: seconds + 600, ...claims };
      const payload = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
      return new SignJWT(payload)
        .setProtectedHeader({ alg: by.alg, kid: by.kid, ...options.header })
        .sign(by.privateKey);
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
  return issuer;
}
