import { createRemoteJWKSet, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Clock } from '../../core/clock/clock.ts';
import { AccessError, UpstreamError } from '../../core/errors/sluice-error.ts';
import type { TokenClaims } from '../../core/model/principal.ts';
import type { TrustedIssuer } from '../../core/model/trust-root.ts';

type KeySet = ReturnType<typeof createRemoteJWKSet>;

const longestToken = 16_384;

/**
 * Checks bearer tokens against the trusted issuers: signature by a key the issuer publishes now (cached, fetched anew
 * when an unknown key id turns up, at most every 10 s), algorithm allow-list, issuer, audience, expiry, age.
 * Throws AccessError(TokenRefused) for a definite no, UpstreamError for "cannot tell now".
 */
export class TokenVerifier {
  readonly #issuers: ReadonlyMap<string, TrustedIssuer>;
  readonly #keys = new Map<string, Promise<KeySet>>();
  readonly #clock: Clock;
  readonly #fetch: typeof fetch;

  constructor(issuers: readonly TrustedIssuer[], clock: Clock, fetcher: typeof fetch = fetch) {
    this.#issuers = new Map(issuers.map((entry) => [entry.issuer, entry]));
    this.#clock = clock;
    this.#fetch = fetcher;
  }

  async verify(token: string): Promise<TokenClaims> {
    if (token.length > longestToken) throw refused('it is longer than 16 KiB');
    let claimed: JWTPayload;
    try {
      claimed = decodeJwt(token);
    } catch {
      throw refused('it is not a JWT');
    }
    const issuer = typeof claimed.iss === 'string' ? this.#issuers.get(claimed.iss) : undefined;
    if (!issuer) throw refused('its issuer is not trusted by this gateway');
    const keys = await this.#keySet(issuer);
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, keys, {
        issuer: issuer.issuer,
        audience: issuer.audience,
        algorithms: [...issuer.algorithms],
        requiredClaims: ['sub', 'exp', 'iat'],
        currentDate: new Date(this.#clock.now()),
        clockTolerance: 5,
        ...(issuer.tokenType === undefined ? {} : { typ: issuer.tokenType }),
        ...(issuer.maxAge === undefined ? {} : { maxTokenAge: issuer.maxAge / 1000 }),
      }));
    } catch (error) {
      const said = explain(error, issuer);
      // They may have moved: ask for their address again. Keys that are known and fresh outlive an outage.
      if (said instanceof UpstreamError && !keys.fresh) this.#keys.delete(issuer.issuer);
      throw said;
    }
    const { iss, sub, exp, iat, aud: _audience, nbf: _notBefore, jti: _id, ...claims } = payload;
    if (typeof sub !== 'string' || sub === '' || sub.length > 256) throw refused('its sub claim is empty or too long');
    return { issuer: iss!, subject: sub, claims, expiresAt: exp! * 1000, issuedAt: iat! * 1000 };
  }

  #keySet(issuer: TrustedIssuer): Promise<KeySet> {
    let keys = this.#keys.get(issuer.issuer);
    if (!keys) {
      keys = this.#jwksUri(issuer).then((uri) =>
        createRemoteJWKSet(uri, { cooldownDuration: 10_000, cacheMaxAge: 600_000, timeoutDuration: 5_000 }),
      );
      this.#keys.set(issuer.issuer, keys);
      keys.catch(() => this.#keys.delete(issuer.issuer));
    }
    return keys;
  }

  async #jwksUri(issuer: TrustedIssuer): Promise<URL> {
    if (issuer.jwksUri !== undefined) return new URL(issuer.jwksUri);
    const address = `${issuer.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
    try {
      const answer = await this.#fetch(address, { redirect: 'error', signal: AbortSignal.timeout(5_000) });
      const document: unknown = await answer.json();
      const found = document as { issuer?: unknown; jwks_uri?: unknown };
      const uri = typeof found.jwks_uri === 'string' ? URL.parse(found.jwks_uri) : null;
      if (!answer.ok || found.issuer !== issuer.issuer || !uri) {
        throw unreachable(issuer, 'its discovery document names another issuer or no keys');
      }
      return uri;
    } catch (error) {
      if (error instanceof UpstreamError) throw error;
      throw unreachable(issuer, 'its discovery document could not be read', error);
    }
  }
}

function explain(error: unknown, issuer: TrustedIssuer): Error {
  if (error instanceof errors.JWTExpired) return refused(error.claim === 'iat' ? 'it is too old' : 'it has expired');
  if (error instanceof errors.JWTClaimValidationFailed) {
    return refused(error.claim === 'aud' ? 'it is for another audience' : `its ${error.claim} claim does not hold`);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return refused('its algorithm is not allowed');
  if (error instanceof errors.JWSSignatureVerificationFailed) return refused('its signature is wrong');
  if (error instanceof errors.JWKSNoMatchingKey) return refused('no current key of its issuer signed it');
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return refused('it names no key and several of its issuer would fit');
  if (
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    error instanceof TypeError ||
    (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC')
  ) {
    return unreachable(issuer, 'its keys could not be read', error);
  }
  return refused('it is not a valid signed JWT');
}

function refused(why: string): AccessError {
  return new AccessError('TokenRefused', 'the token was refused', {
    why,
    fix: 'get a fresh token from your identity provider',
  });
}

function unreachable(issuer: TrustedIssuer, why: string, cause?: unknown): UpstreamError {
  return new UpstreamError('IssuerUnreachable', 'the token could not be checked', {
    why,
    at: issuer.issuer,
    cause,
    retry: 'later',
  });
}
