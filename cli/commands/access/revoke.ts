import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../../core/clock/clock.ts';
import { InputError } from '../../../core/errors/sluice-error.ts';
import { formatFlag, keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice access revoke` */
export class AccessRevoke extends SluiceCommand {
  static override summary = 'End a grant, or all access of somebody, now.';
  static override description =
    'Puts a Revocation on the branch, without a request: it can only take away, so gateways apply it as soon as they have fetched it, and live connections are cut.';
  static override args = { grant: Args.string({ description: 'Name or uid of the grant.' }) };
  static override flags = {
    subject: Flags.string({ description: 'Instead of a grant: everything of this Identity.' }),
    reason: Flags.string({ description: 'Why.', required: true }),
    ...repoFlags,
    ...keyFlag,
    ...formatFlag,
  };
  static override examples = [
    {
      description: 'The incident is over.',
      command: '<%= config.bin %> access revoke 2026-11-24-alice-payments-1f2e3d --reason "incident closed"',
    },
    {
      description: 'A laptop was stolen.',
      command: '<%= config.bin %> access revoke --subject alice --reason "laptop stolen"',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessRevoke);
    const { grant } = args;
    const { subject } = flags;
    if ((grant === undefined) === (subject === undefined)) {
      throw new InputError('BadUsage', 'revoke what?', { fix: 'name a grant, or somebody with --subject, not both' });
    }
    const { openWorkspace } = await import('../../actions/open-workspace.ts');
    const { revokeAccess } = await import('../../actions/revoke-access.ts');
    await using workspace = await openWorkspace({
      ...flags,
      genesis: flags.genesis,
      key: flags.key,
      clock: systemClock,
    });
    const target = grant === undefined ? { subject: subject! } : { grant };
    const result = await revokeAccess(workspace, target, flags.reason, systemClock);
    this.print(
      flags.format === 'json'
        ? JSON.stringify(result, null, 2)
        : `${this.style.green('Revoked:')} ${result.file} (commit ${result.commit.slice(0, 12)})`,
    );
  }
}
