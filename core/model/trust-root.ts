/** What the gateway believes before it has read anything: configured outside the repo it follows. */
export interface TrustRoot {
  /** Names the repo for ever: the forge's numeric id; plain git: the genesis commit id. */
  readonly repoId: string;
  readonly branch: string;
  readonly genesis: { readonly commit: string; readonly tree: string };
  /** Who owns the policy plane. */
  readonly owners: readonly Owner[];
  /** Owner signatures, or approvals on the forge, that a policy-plane change needs. */
  readonly threshold: number;
  readonly issuers: readonly TrustedIssuer[];
  /** ms by which a merge statement may be ahead of the gateway's clock. */
  readonly maxSkew: number;
  /** ms without a successful fetch after which grants give no new sessions. */
  readonly maxStaleness: number;
  readonly maxStaleDeny: number;
  /** Verifier keys (C2SP signed-note) of other gateways whose word on what the forge showed is believed. */
  readonly peers: readonly string[];
}

/** A person who owns the policy plane, known by a key, an account on the forge, or both. */
export interface Owner {
  /** Identity name. */
  readonly name: string;
  /** SSH public key, `type base64`. */
  readonly key: string | undefined;
  /** Numeric id of the account on the trust root's forge. */
  readonly account: number | undefined;
}

export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly string[];
  /** Where the keys are; undefined = by OIDC discovery. */
  readonly jwksUri: string | undefined;
  /** ms; a token older than this is refused whatever its exp says. */
  readonly maxAge: number | undefined;
  /** The token's `typ` header when it must be one, such as `at+jwt`. */
  readonly tokenType: string | undefined;
}
