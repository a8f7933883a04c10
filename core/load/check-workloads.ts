/** A machine's claims must not match a stranger's token, nor that of an unreviewed change, nor another machine's. */
import { formatLocation } from '../errors/problem.ts';
import type { Identity } from '../model/documents.ts';
import type { Placed } from './check-references.ts';
import { ciTokens, isGitHubActions } from './ci-tokens.ts';
import type { Findings } from './findings.ts';
import { didYouMean } from './nearest.ts';

type PlacedIdentity = Placed<Identity>;
type Claims = NonNullable<Identity['workload']>['claims'];

/** Claims that the gateway checks and does not compare with an Identity's. */
const checkedElsewhere = ['aud', 'exp', 'iat', 'iss', 'jti', 'nbf'];

/** Reports workloads that strangers could be, that pull requests could be, that nobody could be, or two at once. */
export function checkWorkloads(identities: readonly PlacedIdentity[], findings: Findings): void {
  for (const one of identities) {
    const { workload } = one.document;
    if (!workload) continue;
    checkLasting(one, workload, findings);
    checkPullRequests(one, workload, findings);
    checkNames(one, workload, findings);
  }
  checkOverlaps(identities, findings);
}

type Workload = NonNullable<Identity['workload']>;

function checkLasting({ yaml }: PlacedIdentity, { issuer, claims }: Workload, findings: Findings): void {
  const lasting = ciTokens(issuer)?.lasting;
  if (!lasting || lasting.some((claim) => claims[claim])) return;
  const message = `anyone can get a token of ${issuer}, and these claims name no repository for good`;
  const fix = `add the claim ${lasting[0]}; a name can be taken over, an id cannot`;
  findings.atKey(yaml, ['spec', 'workload', 'claims'], 'policy/shared-issuer', message, fix);
}

/** Whoever may open a pull request writes the code that such a job runs. */
function checkPullRequests({ yaml }: PlacedIdentity, { issuer, claims }: Workload, findings: Findings): void {
  if (!isGitHubActions(issuer)) return;
  const bad = [
    ...(/^refs\/pull\//.test(claims['ref'] ?? '') ? ['ref'] : []),
    ...(/^pull_request/.test(claims['event_name'] ?? '') ? ['event_name'] : []),
    ...(/:pull_request$/.test(claims['sub'] ?? '') ? ['sub'] : []),
    ...['base_ref', 'head_ref'].filter((name) => claims[name] !== undefined),
  ];
  for (const name of bad) {
    findings.at(
      yaml,
      ['spec', 'workload', 'claims', name],
      'policy/pull-request-workload',
      'this is a job of pull requests: what it runs is written by whoever opens one, before anybody reviewed it',
      'name a branch that reviews are needed for, as ref: refs/heads/main, or an environment with required reviewers',
    );
  }
}

function checkNames({ yaml }: PlacedIdentity, { issuer, claims }: Workload, findings: Findings): void {
  const known = ciTokens(issuer)?.claims;
  for (const name of Object.keys(claims)) {
    const path = ['spec', 'workload', 'claims', name];
    if (checkedElsewhere.includes(name)) {
      const message = `the gateway checks '${name}' itself, so no token matches this`;
      findings.at(yaml, path, 'policy/idle-claim', message, 'take it out; what is trusted is in gateway.yaml');
    } else if (known && !known.includes(name) && !name.startsWith('repo_property_')) {
      const message = `tokens of this issuer have no claim '${name}', so none matches`;
      findings.warn(yaml, path, 'policy/idle-claim', message, didYouMean(name, known));
    }
  }
}

/** A token that fits two Identities is refused: whoever has all claims of another's, and more, can never log in. */
function checkOverlaps(identities: readonly PlacedIdentity[], findings: Findings): void {
  const having = new Map<string, PlacedIdentity[]>();
  for (const one of identities) {
    for (const pair of pairsOf(one.document)) having.set(pair, [...(having.get(pair) ?? []), one]);
  }
  for (const wide of identities) {
    const pairs = pairsOf(wide.document);
    const fewest = pairs.map((pair) => having.get(pair)!).sort((a, b) => a.length - b.length)[0] ?? [];
    for (const narrow of fewest) {
      const all = new Set(pairsOf(narrow.document));
      if (narrow === wide || all.size <= pairs.length || !pairs.every((pair) => all.has(pair))) continue;
      findings.warn(
        narrow.yaml,
        ['spec', 'workload', 'claims'],
        'policy/overlapping-workloads',
        `every token that matches this matches '${wide.document.name}' too, and is refused for being both`,
        `give '${wide.document.name}' a claim that tells them apart; see ${formatLocation(wide.document.at)}`,
      );
    }
  }
}

/** Each claim with its value and issuer, as one text. */
function pairsOf({ workload }: Identity): string[] {
  const claims: Claims = workload?.claims ?? {};
  return Object.entries(claims).map(([name, value]) => JSON.stringify([workload?.issuer, name, value]));
}
