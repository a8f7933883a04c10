/**
 * The one table of error codes. A code is what scripts, docs and dashboards match on, so it never changes its meaning.
 * `kind` says whose turn it is: `input` the user's files or words, `access` the answer is no, `source` the policy
 * repo or forge, `protocol` a client's bytes, `upstream` the broker or identity provider, `bug` Sluice itself.
 */
export type ErrorKind = 'input' | 'access' | 'source' | 'protocol' | 'upstream' | 'bug';

export interface CodeEntry {
  readonly kind: ErrorKind;
  /** One sentence for the reference page. */
  readonly summary: string;
}

export const codes = {
  // input
  BadUsage: { kind: 'input', summary: 'The command line, or a value in it, does not fit the command.' },
  BadConfig: { kind: 'input', summary: 'A gateway.yaml does not satisfy its schema or contradicts itself.' },
  InvalidPolicyRepo: { kind: 'input', summary: 'The policy repo has problems; each is listed with file:line:column.' },
  FolderNotEmpty: { kind: 'input', summary: 'A command that creates a repo found files in the folder.' },
  FileUnreadable: { kind: 'input', summary: 'A file that was named could not be read.' },
  FileNotWritten: { kind: 'input', summary: 'A file could not be written; it is as it was.' },
  BadDuration: { kind: 'input', summary: 'A duration is neither ISO 8601 (PT2H) nor short (2h, 30m).' },
  BadInstant: { kind: 'input', summary: 'An instant is not RFC 3339 with an offset.' },
  BadKey: { kind: 'input', summary: 'A key file or key line could not be used.' },
  InsecureListener: { kind: 'input', summary: 'A listener that is neither TLS nor loopback is configured.' },
  // access
  TokenRefused: {
    kind: 'access',
    summary: 'A bearer token is expired, for another audience, badly signed or not a token.',
  },
  NoIdentity: { kind: 'access', summary: 'A valid token matches no Identity, or more than one.' },
  OwnersNeeded: {
    kind: 'access',
    summary: 'Not enough owners of the trust root signed this, or it is nothing that they can sign.',
  },
  PeerRefused: { kind: 'access', summary: 'What another gateway is said to have seen is not taken.' },
  NotEligible: { kind: 'access', summary: 'No policy lets this subject ask for this.' },
  // source
  GitFailed: { kind: 'source', summary: 'A git command failed.' },
  RepoUnsafe: {
    kind: 'source',
    summary: 'The policy repo uses a git feature that could show other content than was reviewed.',
  },
  RevisionNotFound: { kind: 'source', summary: 'A revision does not exist in the repo.' },
  BranchGone: { kind: 'source', summary: 'The followed branch no longer exists.' },
  HistoryRewritten: {
    kind: 'source',
    summary: 'The last admitted commit is not on the first-parent chain of the branch.',
  },
  TooMuchHistory: { kind: 'source', summary: 'A fetch is larger than the caps allow.' },
  WrongGenesis: { kind: 'source', summary: 'The genesis commit or its tree is not the one in the trust root.' },
  StateUnusable: { kind: 'source', summary: 'The state store is missing, damaged or locked by another gateway.' },
  ForgeFailed: { kind: 'source', summary: 'The forge could not do what was asked.' },
  ForgeDenied: { kind: 'source', summary: 'The forge refused the token, or it lacks a permission, which is named.' },
  RequestTooLarge: {
    kind: 'source',
    summary: 'A request on the forge is larger than what is read of one; it is refused.',
  },
  ForgeLimited: { kind: 'source', summary: 'The forge answers no more requests until its rate limit is over.' },
  // protocol
  BadFrame: { kind: 'protocol', summary: 'A frame is truncated, oversized or does not parse.' },
  UnknownServerName: { kind: 'protocol', summary: 'A TLS client asked for a name that is no broker, or for none.' },
  HandshakeFailed: { kind: 'protocol', summary: 'A TLS handshake of a client failed or took too long.' },
  TooManyArrivals: { kind: 'protocol', summary: 'Too many connections have not logged in yet.' },
  MemoryOverdue: {
    kind: 'protocol',
    summary: 'A frame under way kept its memory for too long while other connections waited for it.',
  },
  BadBatch: { kind: 'protocol', summary: 'A record batch is damaged, or of a format that is not supported.' },
  OutputCap: { kind: 'protocol', summary: 'Decompressed data is larger than the cap.' },
  // upstream
  BrokerUnreachable: { kind: 'upstream', summary: 'No connection to a broker could be made.' },
  BrokerRefused: { kind: 'upstream', summary: 'The broker refused the gateway.' },
  GatewayUnreachable: { kind: 'upstream', summary: 'A gateway did not answer on its admin socket.' },
  IssuerUnreachable: { kind: 'upstream', summary: 'The identity provider did not answer.' },
  WorkerFailed: { kind: 'upstream', summary: 'A data worker of the gateway ended, or did not answer in time.' },
  // recording
  RecorderFailed: { kind: 'upstream', summary: 'The recorder cannot write; traffic that must be recorded is stopped.' },
  RecordingDamaged: { kind: 'input', summary: 'A recording is not what was written.' },
  RecordingLocked: { kind: 'upstream', summary: 'Another process writes into this recordings folder.' },
  // bug
  Bug: { kind: 'bug', summary: 'Something that cannot happen did. Please report it.' },
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof codes;
