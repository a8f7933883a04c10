/** What an issuer said about the bearer of a verified token: the inputs of identity matching, nothing else of the token. */
export interface TokenClaims {
  readonly issuer: string;
  readonly subject: string;
  /** Every other claim, as the issuer sent it. Only claims that an Identity or Group names are ever looked at. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** Epoch ms. */
  readonly expiresAt: number;
  readonly issuedAt: number;
}

export type ClaimValue = string | number | boolean | readonly string[];

/** A Subject that was proved on a connection. */
export interface Principal {
  /** Name of the Identity. */
  readonly identity: string;
  readonly kind: 'person' | 'workload';
  readonly issuer: string;
  /** Groups that the token's claims put the principal into (`Group.fromClaim`), by name, sorted. */
  readonly claimGroups: readonly string[];
  /** Claims that a `when` of the policy repo read at the login; null = the token does not have it. No others are known. */
  readonly claims?: Readonly<Record<string, ClaimValue | null>> | undefined;
  /** Address of the connection, without the port; undefined = not known. */
  readonly source?: string | undefined;
}
