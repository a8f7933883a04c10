import { randomBytes } from 'node:crypto';
import { stringify } from 'yaml';
import type { Clock } from '../../core/clock/clock.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { didYouMean } from '../../core/load/nearest.ts';
import type { Workspace } from './open-workspace.ts';

export interface Revoked {
  readonly name: string;
  readonly file: string;
  readonly commit: string;
}

/**
 * Writes a Revocation straight onto the branch. It needs no approval: it can only take away, and every gateway applies
 * it as soon as it has fetched it.
 */
export async function revokeAccess(
  workspace: Workspace,
  target: { readonly grant: string } | { readonly subject: string },
  reason: string,
  clock: Clock,
): Promise<Revoked> {
  if ('subject' in target && !workspace.rules.identities.has(target.subject)) {
    throw new InputError('BadUsage', `the policy repo has no Identity '${target.subject}'`, {
      fix: didYouMean(target.subject, workspace.rules.identities.keys()) ?? 'name one of its identities/',
    });
  }
  if ('grant' in target) {
    const { grants } = await workspace.loader.narrowing(workspace.tip);
    const emergency = /^breakglass-/.test(target.grant); // in force from its branch, wherever that is now
    if (!emergency && !grants.some(({ uid, name }) => uid === target.grant || name === target.grant)) {
      const near = didYouMean(
        target.grant,
        grants.map(({ name }) => name),
      );
      throw new InputError('BadUsage', `there is no grant '${target.grant}' on ${workspace.branch}`, {
        why: 'one whose file is gone is over already; an open request grants nothing yet',
        fix: near ?? 'sluice access list shows them all',
      });
    }
  }
  const about = 'grant' in target ? target.grant : target.subject;
  const name =
    `${formatInstant(clock.now()).slice(0, 10)}-${about}`.slice(0, 54).replace(/-$/, '') +
    `-${randomBytes(3).toString('hex')}`;
  const file = `revocations/${name}.yaml`;
  const yaml = stringify(
    { apiVersion: 'sluice.dev/v1', kind: 'Revocation', metadata: { name }, spec: { ...target, reason } },
    { lineWidth: 0 },
  );
  const commit = await workspace.forge.narrow(`Revoke ${about}`, { [file]: yaml });
  return { name, file, commit };
}
