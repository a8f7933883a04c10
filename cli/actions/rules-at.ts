import { join } from 'node:path';
import type { Location } from '../../core/errors/problem.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { LocalRepo } from '../../core/git/local-repo.ts';
import type { PolicySet } from '../../core/model/documents.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { RevisionLoader } from '../../core/source/revision.ts';
import { validateRepo } from './validate-repo.ts';

/** The rules that a question is asked about. */
export interface Rules {
  readonly policySet: PolicySet;
  /** Commit id; undefined = the files as they are in the folder. */
  readonly revision: string | undefined;
  /** A place in the repo, beginning with the folder as it was given. */
  shown(at: Location): Location;
}

/** The rules in a folder, or at a revision of the git repo it is in; an InputError when they have problems. */
export async function rulesAt(repo: string, revision: string | undefined): Promise<Rules> {
  const shown = (at: Location): Location => ({ ...at, file: join(repo, at.file) });
  if (revision === undefined) {
    const { policySet, errors } = await validateRepo(repo);
    if (!policySet) throw invalid(`${errors} error${errors === 1 ? '' : 's'}`, `run sluice validate ${repo}`, repo);
    return { policySet, revision, shown };
  }
  await using local = await LocalRepo.open(repo);
  const commit = await local.resolve(revision);
  const { policySet, problems } = await new RevisionLoader(local).whole(commit);
  if (!policySet) {
    const first = problems.find(({ severity }) => severity === 'error');
    throw invalid(
      first ? `${first.at.file}:${first.at.line}: ${first.message}` : '',
      'name another revision',
      revision,
    );
  }
  return { policySet, revision: commit, shown };
}

/** Rules alone: with their revocations, without grants, since only a gateway admits those. */
export function snapshotOf({ policySet, revision }: Rules, at: number): Snapshot {
  const tombstones = [...policySet.revocations.values()].map(({ name, target, until }) => ({
    name,
    target,
    until,
    seenAt: at,
  }));
  return { revision: revision ?? 'folder', generation: 0, policies: policySet, grants: new Map(), tombstones };
}

function invalid(why: string, fix: string, at: string): InputError {
  return new InputError('InvalidPolicyRepo', 'the policy repo has problems, so nothing can be decided by it', {
    why,
    fix,
    at,
  });
}
