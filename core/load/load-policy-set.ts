/** A policy repo's files -> the PolicySet they say, or every reason why they say none. */
import { formatLocation, type Location, type Problem } from '../errors/problem.ts';
import type { Grant, Kind, PolicyDocument, PolicySet, Stream } from '../model/documents.ts';
import { fits } from '../policy/fits.ts';
import { checkBreakGlass } from './check-break-glass.ts';
import { checkIdentities } from './check-identities.ts';
import { checkApproverRule, checkBreakGlassTerms, checkQuorum } from './check-limits.ts';
import { checkRevocable } from './check-names.ts';
import { checkReferences, type Placed } from './check-references.ts';
import { checkPolicy, checkStream } from './check-rules.ts';
import { checkGrantScope, checkPolicyScope } from './check-scopes.ts';
import { checkWorkloads } from './check-workloads.ts';
import { Findings } from './findings.ts';
import type { DocumentOf } from './kinds.ts';
import type { OnProgress } from './on-progress.ts';
import { type RawDocument, readDocuments } from './read-documents.ts';
import { type SourceFile, sourceLimits } from './source-file.ts';
import { type ResolveStreams, toModel } from './to-model.ts';

export interface LoadedPolicySet {
  /** There when no problem is an error. */
  readonly policySet: PolicySet | undefined;
  /** In the order of file, line and column. */
  readonly problems: readonly Problem[];
  /** Documents read, whatever their problems. */
  readonly count: number;
}

/** Reads and checks a whole repo. Never throws for what the files say. */
export function loadPolicySet(files: readonly SourceFile[], onProgress?: OnProgress): LoadedPolicySet {
  if (files.length > sourceLimits.files) {
    return failed(
      'schema/too-many-files',
      `${files.length} files; ${sourceLimits.files} are the most`,
      'split the repo',
    );
  }
  const read = readDocuments(files, onProgress);
  if (read.count === 0 && read.problems.length === 0) {
    return failed('schema/empty-repo', 'there is no policy here', 'run sluice init, or name the right folder');
  }
  const findings = new Findings();
  const placed = toPlaced(read.documents, findings);
  const sets = index(placed, findings);
  for (const one of placed) checkReferences(one, read.names, sets.groups, findings);
  const of = <K extends Kind>(kind: K): Placed<Extract<PolicyDocument, { kind: K }>>[] =>
    placed.filter((one): one is Placed<Extract<PolicyDocument, { kind: K }>> => one.document.kind === kind);
  for (const stream of of('Stream')) checkStream(stream, sets.clusters, findings);
  for (const policy of of('AccessPolicy')) {
    checkPolicy(policy, sets.masks, findings);
    checkPolicyScope(policy, findings);
    checkBreakGlassTerms(policy, findings);
  }
  for (const rule of of('ApproverRule')) checkApproverRule(rule, sets, findings);
  for (const one of of('Repo')) checkQuorum(one, sets.identities, findings);
  checkIdentities(of('Identity'), findings);
  checkWorkloads(of('Identity'), findings);
  checkGrants(of('Grant'), sets, findings);
  for (const one of of('BreakGlass')) checkBreakGlass(one, sets, findings);
  const dated = [...of('Grant'), ...of('BreakGlass')];
  for (const one of dated) checkGrantScope(one, sets.streams, findings);
  checkRevocable(dated, sets.grants, findings);
  const [repo] = of('Repo').map((one) => one.document);
  // A value that its schema refuses is told once: what is said of it later follows from that.
  const told = new Set(read.problems.map((problem) => formatLocation(problem.at)));
  const problems = [...read.problems, ...findings.problems.filter((one) => !told.has(formatLocation(one.at)))];
  if (!repo && !problems.some((problem) => problem.at.file === 'sluice.yaml')) {
    problems.push(missingRepo());
  }
  const broken = problems.some((problem) => problem.severity === 'error');
  return {
    policySet: broken || !repo ? undefined : { ...sets, repo },
    problems: problems.sort(byPlace),
    count: read.count,
  };
}

function toPlaced(raws: readonly RawDocument[], findings: Findings): Placed[] {
  const streams = raws.filter((raw) => raw.kind === 'Stream').map((raw) => raw.data as DocumentOf['Stream']);
  const resolve: ResolveStreams = (choice, yaml) => {
    if (!('matchLabels' in choice)) return [...choice].sort();
    const wanted = Object.entries(choice.matchLabels);
    const found = streams.filter(({ metadata }) => wanted.every(([key, value]) => metadata.labels?.[key] === value));
    if (found.length === 0) {
      const fix = 'label a Stream so, or mend the selector';
      findings.at(
        yaml,
        ['spec', 'streams', 'matchLabels'],
        'reference/empty-selector',
        'no Stream has these labels',
        fix,
      );
    }
    return found.map(({ metadata }) => metadata.name).sort();
  };
  return raws.map((raw) => ({ document: toModel(raw, findings, resolve), yaml: raw.yaml }));
}

/** The maps of a PolicySet; a name that is there twice is reported at the second place. */
function index(placed: readonly Placed[], findings: Findings): Omit<PolicySet, 'repo'> {
  const byKind = new Map<Kind, Map<string, PolicyDocument>>();
  for (const { document, yaml } of placed) {
    const named = byKind.get(document.kind) ?? new Map<string, PolicyDocument>();
    byKind.set(document.kind, named);
    const other = named.get(document.name);
    if (other) {
      const message = `a ${document.kind} '${document.name}' is in ${formatLocation(other.at)} already`;
      findings.at(yaml, ['metadata', 'name'], 'reference/duplicate-name', message, 'rename one of them');
    } else named.set(document.name, document);
  }
  const of = <K extends Kind>(kind: K): ReadonlyMap<string, Extract<PolicyDocument, { kind: K }>> =>
    (byKind.get(kind) ?? new Map()) as ReadonlyMap<string, Extract<PolicyDocument, { kind: K }>>;
  return {
    clusters: of('Cluster'),
    streams: of('Stream'),
    identities: of('Identity'),
    groups: of('Group'),
    policies: of('AccessPolicy'),
    approverRules: of('ApproverRule'),
    masks: of('MaskPolicy'),
    grants: of('Grant'),
    breakGlass: of('BreakGlass'),
    revocations: of('Revocation'),
  };
}

function checkGrants(grants: readonly Placed<Grant>[], sets: Omit<PolicySet, 'repo'>, findings: Findings): void {
  const uids = new Map<string, Grant>();
  for (const { document: grant, yaml } of grants) {
    const other = uids.get(grant.uid);
    if (other) {
      const message = `uid ${grant.uid} is that of ${formatLocation(other.at)}; a uid is admitted once`;
      findings.at(yaml, ['spec', 'uid'], 'grant/duplicate-uid', message, 'make a new one: openssl rand -hex 16');
    } else uids.set(grant.uid, grant);
    if (!resolves(grant, sets)) continue; // reported as dangling
    for (const { rule, path, message, fix } of fits(sets, grant)) findings.at(yaml, path, rule, message, fix);
  }
}

function resolves(grant: Grant, sets: Omit<PolicySet, 'repo'>): boolean {
  const streams = grant.streams.map((name): Stream | undefined => sets.streams.get(name));
  return (
    sets.policies.has(grant.policy) &&
    sets.identities.has(grant.subject) &&
    sets.identities.has(grant.requestedBy) &&
    streams.every((stream) => stream !== undefined)
  );
}

function missingRepo(): Problem {
  return {
    rule: 'schema/no-repo',
    severity: 'error',
    message: 'sluice.yaml is missing',
    fix: 'add it: apiVersion: sluice.dev/v1, kind: Repo, metadata: {name: …}, spec: {}',
    at: place('sluice.yaml'),
  };
}

function failed(rule: string, message: string, fix: string): LoadedPolicySet {
  const problem: Problem = { rule, severity: 'error', message, fix, at: place('sluice.yaml') };
  return { policySet: undefined, problems: [problem], count: 0 };
}

function place(file: string): Location {
  return { file, line: 1, column: 1 };
}

function byPlace(a: Problem, b: Problem): number {
  if (a.at.file !== b.at.file) return a.at.file < b.at.file ? -1 : 1;
  return a.at.line - b.at.line || a.at.column - b.at.column;
}
