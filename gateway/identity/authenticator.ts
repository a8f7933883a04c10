import type { Clock } from '../../core/clock/clock.ts';
import { AccessError, UpstreamError } from '../../core/errors/sluice-error.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import type { Principal } from '../../core/model/principal.ts';
import { matchIdentity } from '../../core/policy/match-identity.ts';
import type { TokenVerifier } from './token-verifier.ts';

export interface Authenticated {
  readonly principal: Principal;
  /** Epoch ms at which the token stops counting. */
  readonly expiresAt: number;
}

/** Token in, Principal out: verified by its issuer's keys, then matched to exactly one Identity of the live snapshot. */
export class Authenticator {
  readonly #verifier: TokenVerifier;
  readonly #policies: () => PolicySet | undefined;
  readonly #clock: Clock;

  constructor(verifier: TokenVerifier, policies: () => PolicySet | undefined, clock: Clock) {
    this.#verifier = verifier;
    this.#policies = policies;
    this.#clock = clock;
  }

  /** `claimedName`: a user name the client gave besides the token (PLAIN); it must be the Identity's. */
  async authenticate(token: string, claimedName: string | undefined): Promise<Authenticated> {
    const claims = await this.#verifier.verify(token);
    const policies = this.#policies();
    if (!policies) {
      throw new UpstreamError('IssuerUnreachable', 'no policy is loaded yet', {
        why: 'the gateway has not read its policy repo',
        retry: 'later',
      });
    }
    const match = matchIdentity(policies, claims);
    if ('refused' in match) {
      throw new AccessError('NoIdentity', 'the token belongs to nobody in the policy repo', {
        why: match.refused,
        fix: 'add an Identity with this issuer and subject to the policy repo',
      });
    }
    if (claimedName !== undefined && claimedName !== match.identity) {
      throw new AccessError('NoIdentity', 'the user name is not the one the token belongs to', {
        why: `the token is of '${match.identity}'`,
        fix: `use the user name '${match.identity}'`,
      });
    }
    if (claims.expiresAt <= this.#clock.now())
      throw new AccessError('TokenRefused', 'the token was refused', { why: 'it has expired' });
    return { principal: match, expiresAt: claims.expiresAt };
  }
}
