import type { Clock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { isGrantFile } from '../../core/source/policy-tree.ts';
import { accessStatus } from './access-status.ts';
import type { Workspace } from './open-workspace.ts';
import { type PreparedAccess, prepareAccess } from './request-access.ts';

export interface Extension {
  /** Name of the grant that goes on. */
  readonly grant: string;
  /** ms. */
  readonly duration: number;
  /** undefined = as the grant says. */
  readonly reason: string | undefined;
  readonly ticket: string | undefined;
}

/**
 * Asks for a new grant of the same that begins where the old one ends: same policy, streams, names and operations,
 * judged by the rules as they are now. The old grant stays as it was approved.
 */
export async function extendAccess(
  workspace: Workspace,
  { grant: name, duration, reason, ticket }: Extension,
  clock: Clock,
): Promise<PreparedAccess> {
  const { state, end } = await accessStatus(workspace, name, clock);
  if (state !== 'Active' && state !== 'Scheduled') {
    throw new InputError('BadUsage', `grant '${name}' is ${state}: there is nothing to extend`, {
      fix: state === 'Open' ? 'wait until it is merged' : 'ask anew with sluice access request',
    });
  }
  const { clone, loader, tip } = workspace;
  const path = (await clone.tree(tip))
    .map((entry) => entry.path)
    .find((one) => isGrantFile(one) && one.endsWith(`/${name}.yaml`));
  const { grant, problems } =
    path === undefined ? { grant: undefined, problems: [] } : await loader.grant(tip, tip, path);
  if (!grant) {
    throw new InputError('BadUsage', `grant '${name}' does not fit the rules any more`, {
      why: problems[0]?.message ?? 'its file is gone',
      fix: 'ask anew with sluice access request',
    });
  }
  const wish = {
    streams: grant.streams,
    operations: grant.operations,
    duration,
    reason: reason ?? grant.reason,
    ticket: ticket ?? grant.ticket,
    subject: grant.subject,
    policy: grant.policy,
    notBefore: end,
    names: { topics: grant.topics, groups: grant.groups, transactionalIds: grant.transactionalIds },
    extends: grant.name,
  };
  return prepareAccess(workspace, wish, clock);
}
