import type { AccessRequest } from '../../core/forge/forge.ts';
import { openStatus } from './access-status.ts';
import type { Workspace } from './open-workspace.ts';
import { onlyTakesAway, openRequestOf, reviewOpen } from './review-request.ts';

export interface MergedRequest {
  readonly commit: string;
  /** It was nothing but new Revocations and the end of Grants: nobody had to look at it. */
  readonly takesAway: boolean;
}

/** Merges an open request. `warn` is told before it why a gateway would refuse what is merged. */
export async function mergeRequest(
  workspace: Workspace,
  name: string,
  warn: (problem: string) => void,
): Promise<MergedRequest> {
  const request = await openRequestOf(workspace, name);
  const takesAway = onlyTakesAway(await workspace.clone.changes(request.base, request.head));
  if (!takesAway) for (const problem of await problemsOf(workspace, request)) warn(problem);
  return { commit: await workspace.forge.merge(request), takesAway };
}

async function problemsOf(workspace: Workspace, request: AccessRequest): Promise<readonly string[]> {
  const { problems, emergency } = await reviewOpen(workspace, request);
  const status = emergency ? undefined : await openStatus(workspace, request);
  if (!status) return problems;
  const anew = 'it will have to be asked for anew';
  return [
    ...problems,
    ...status.rejectedBy.map((name) => `${name} rejected it; ${anew}`),
    ...status.waitingFor.map((missing) => `nobody has approved it yet for ${missing}; ${anew}`),
  ];
}
