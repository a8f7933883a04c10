/** What a change asks people for: grants, and reviews of emergencies, told under the rules of its base. */
import { breakGlassDigest, type RepoIdentity } from '../../core/admission/approval-digest.ts';
import { approversFor } from '../../core/admission/ask.ts';
import { type ToldGrant, tellGrant } from '../../core/admission/told-grant.ts';
import type { Problem } from '../../core/errors/problem.ts';
import type { BareClone, TreeChange } from '../../core/git/bare-clone.ts';
import type { BreakGlass } from '../../core/model/documents.ts';
import { breakGlassAsGrant } from '../../core/policy/fits-break-glass.ts';
import { isBreakGlassFile, isGrantFile } from '../../core/source/policy-tree.ts';
import { RevisionLoader } from '../../core/source/revision.ts';
import { isSignedBySubject } from './emergency-signature.ts';

/** Most Grants of one change that are told of one by one; the gateway refuses a change of more. */
export const mostGrants = 50;

/** Where commits are read: objects alone, never a work tree. */
export type Objects = Pick<BareClone, 'tree' | 'blob' | 'changes'>;

export interface ChangeSides {
  /** Commit to compare with; undefined = only check the head. */
  readonly base: string | undefined;
  readonly head: string;
  readonly repo: RepoIdentity;
}

/** A BreakGlass document that the change brings, or takes away, to have it reviewed. */
export interface ToldEmergency {
  readonly emergency: BreakGlass;
  readonly approvers: ReturnType<typeof approversFor>;
  readonly digest: string;
  readonly removed: boolean;
  /** Its subject signed what it comes to under these rules, with a key that counted then; no gateway admits another. */
  readonly signed: boolean;
}

/** Grants that are added or changed, told under the rules of the base, which are those that they are judged by. */
export async function grantsOf(
  objects: Objects,
  { base, head, repo }: ChangeSides,
  changes: readonly TreeChange[],
): Promise<{ told: readonly ToldGrant[]; paths: readonly string[]; problems: readonly Problem[] }> {
  const paths = changes
    .filter(({ path, before, after }) => isGrantFile(path) && after && before?.id !== after.id)
    .map(({ path }) => path);
  const loader = new RevisionLoader(objects);
  const rules = base === undefined ? undefined : (await loader.plane(base)).policySet;
  if (base === undefined || !rules) return { told: [], paths, problems: [] };
  const told: ToldGrant[] = [];
  const problems: Problem[] = [];
  for (const path of paths.slice(0, mostGrants)) {
    const loaded = await loader.grant(base, head, path);
    if (loaded.grant) told.push(tellGrant(rules, loaded.grant, repo));
    problems.push(...loaded.problems);
  }
  return { told, paths, problems };
}

/** Emergencies that are brought or taken away, told under the rules of the base as well. */
export async function emergenciesOf(
  objects: Objects,
  { base, head, repo }: ChangeSides,
  changes: readonly TreeChange[],
): Promise<{ told: readonly ToldEmergency[]; problems: readonly Problem[] }> {
  const loader = new RevisionLoader(objects);
  const rules = base === undefined ? undefined : (await loader.plane(base)).policySet;
  if (base === undefined || !rules) return { told: [], problems: [] };
  const told: ToldEmergency[] = [];
  const problems: Problem[] = [];
  const files = changes.filter(({ path, before, after }) => isBreakGlassFile(path) && before?.id !== after?.id);
  for (const { path, after } of files.slice(0, mostGrants)) {
    const file = await loader.file(after ? head : base, path);
    if (!file) continue;
    const loaded = await loader.emergency(base, file);
    if (after) problems.push(...loaded.problems);
    if (!loaded.document) continue;
    const approvers = approversFor(rules, breakGlassAsGrant(loaded.document));
    const { digest } = breakGlassDigest(rules, loaded.document, repo);
    const signed = await isSignedBySubject(rules, loaded.document, repo);
    if (after && !signed) problems.push(unsignedEmergency(path, loaded.document.subject));
    told.push({ emergency: loaded.document, approvers, digest, removed: !after, signed });
  }
  return { told, problems };
}

function unsignedEmergency(file: string, subject: string): Problem {
  return {
    rule: 'plan/unsigned-emergency',
    severity: 'error',
    message: `${subject} did not sign what this comes to under the rules of its base, and no gateway admits it`,
    fix: `have ${subject} run sluice access break-glass; a document that it prints is not to be edited`,
    at: { file, line: 1, column: 1 },
  };
}
