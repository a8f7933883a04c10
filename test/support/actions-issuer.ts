/**
 * What a GitHub Actions runner gives a job to ask for tokens with, on loopback: a request address and a bearer for it,
 * and the keys that the tokens are signed by. Tokens name GitHub as their issuer, and whatever claims a test wants.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { systemClock } from '../../core/clock/clock.ts';

export const gitHubIssuer = 'https://token.actions.githubusercontent.com';

export type JobClaims = Readonly<Record<string, unknown>>;

export interface ActionsIssuer extends AsyncDisposable {
  /** For `jwksUri` of the issuer in gateway.yaml. */
  readonly jwksUri: string;
  /** Environment of a job with these claims. */
  jobEnvironment(claims: JobClaims): Readonly<Record<string, string>>;
  token(claims: JobClaims, audience: string): Promise<string>;
}

/** Claims of a job of example/shop on main in the environment production, as GitHub writes them. */
export const releaseJob = {
  sub: 'repo:example/shop:environment:production',
  repository: 'example/shop',
  repository_id: '123456789',
  repository_owner: 'example',
  repository_owner_id: '65',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  ref_protected: 'true',
  environment: 'production',
  event_name: 'push',
  job_workflow_ref: 'example/shop/.github/workflows/produce.yml@refs/heads/main',
  run_id: '42',
  runner_environment: 'github-hosted',
} as const;

export async function startActionsIssuer(): Promise<ActionsIssuer> {
  const { privateKey, publicKey } = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'actions', use: 'sig', alg: 'RS256' };
  const jobs = new Map<string, JobClaims>();
  const token: ActionsIssuer['token'] = ({ sub, ...claims }, audience) => {
    const now = Math.floor(systemClock.now() / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'actions', typ: 'JWT' })
      .setIssuer(gitHubIssuer)
      .setSubject(String(sub))
      .setAudience(audience)
      .setIssuedAt(now)
      .setExpirationTime(now + 300)
      .sign(privateKey);
  };
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const job = jobs.get(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
    const send = (status: number, body: object): unknown =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (pathname === '/jwks') send(200, { keys: [jwk] });
    else if (pathname !== '/token' || !job) send(401, {});
    else void token(job, searchParams.get('audience') ?? '').then((value) => send(200, { value }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    jwksUri: `${url}/jwks`,
    token,
    jobEnvironment(claims) {
      const bearer = randomBytes(16).toString('hex');
      jobs.set(bearer, claims);
      return {
        ACTIONS_ID_TOKEN_REQUEST_URL: `${url}/token?api-version=2.0`,
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: bearer,
        GITHUB_SHA: 'a'.repeat(40),
        GITHUB_RUN_ID: '42',
      };
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
