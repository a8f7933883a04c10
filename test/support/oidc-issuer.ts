/**
 * A real OpenID provider on loopback (oidc-provider), for tests and the demo. Everybody it knows is a client that gets
 * JWT access tokens by client credentials: `sub` is the client id.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import { UpstreamError } from '../../core/errors/sluice-error.ts';

export interface OidcIssuer extends AsyncDisposable {
  readonly issuer: string;
  readonly audience: string;
  /** An access token for one of the known names. */
  token(name: string): Promise<string>;
}

export interface IssuerOptions {
  readonly names: readonly string[];
  readonly audience?: string;
  /** Seconds that a token lives, of all or by name. */
  readonly lifetime?: number | ((name: string) => number);
  /** Claims by name, besides the standard ones. */
  readonly claims?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The secret of every client. */
export const clientSecret = 'only-for-loopback';

export async function startIssuer(options: IssuerOptions): Promise<OidcIssuer> {
  const audience = options.audience ?? 'sluice';
  const lifetime = (name: string): number =>
    typeof options.lifetime === 'function' ? options.lifetime(name) : (options.lifetime ?? 3600);
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(privateKey)), kid: 'first', use: 'sig', alg: 'ES256' };
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = await quietly(async () => {
    const { default: Provider } = await import('oidc-provider');
    return new Provider(issuer, {
      jwks: { keys: [jwk] },
      clients: options.names.map((name) => ({
        client_id: name,
        client_secret: clientSecret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: 'ES256' as const,
      })),
      ttl: { ClientCredentials: (_context, _token, client) => lifetime(client.clientId) },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => `urn:${audience}`,
          getResourceServerInfo: (_context, _resource, client) => ({
            scope: '',
            audience,
            accessTokenTTL: lifetime(client.clientId),
            accessTokenFormat: 'jwt' as const,
            jwt: { sign: { alg: 'ES256' as const } },
          }),
        },
      },
      extraTokenClaims: (_context, token) => {
        const name = 'clientId' in token ? String(token.clientId) : '';
        return { ...options.claims?.[name] };
      },
    });
  });
  server.on('request', provider.callback());
  return {
    issuer,
    audience,
    async token(name) {
      const answer = await fetch(`${issuer}/token`, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`${name}:${clientSecret}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      });
      const body = (await answer.json()) as { access_token?: string; error?: string };
      if (!body.access_token) throw new UpstreamError('IssuerUnreachable', `no token for ${name}: ${body.error}`);
      return body.access_token;
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

/** The provider advises on the console (other runtimes, other stores) what does not matter for a test. */
async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const { warn, info } = console;
  console.warn = console.info = () => {};
  try {
    return await work();
  } finally {
    Object.assign(console, { warn, info });
  }
}
