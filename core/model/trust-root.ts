/** What the gateway believes before it has read anything: configured outside the repo it follows. */
export interface TrustRoot {
  /** Plain git: the genesis commit id names the repo. */
  readonly repoId: string;
  readonly branch: string;
  readonly genesis: { readonly commit: string; readonly tree: string };
  /** SSH public keys, `type base64`, of the owners of the policy plane. */
  readonly owners: readonly { readonly name: string; readonly key: string }[];
  /** Owner signatures that a policy-plane change needs. */
  readonly threshold: number;
  readonly issuers: readonly TrustedIssuer[];
  /** ms by which a merge statement may be ahead of the gateway's clock. */
  readonly maxSkew: number;
  /** ms without a successful fetch after which grants give no new sessions. */
  readonly maxStaleness: number;
  readonly maxStaleDeny: number;
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
