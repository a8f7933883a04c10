import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../../core/clock/clock.ts';
import { keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice approval reject NAME` */
export class ApprovalReject extends SluiceCommand {
  static override summary = 'Reject a request; it stops the request while it stands.';
  static override description =
    'Shows what the request comes to under the rules as they are now, then signs exactly that with your SSH key. If anything of it changes afterwards, the signature does not count any more.';
  static override args = { name: Args.string({ description: 'Name of the request.', required: true }) };
  static override flags = {
    yes: Flags.boolean({ description: 'Do not ask.', default: false }),
    ...repoFlags,
    ...keyFlag,
  };
  static override examples = [
    {
      description: 'Look, then decide.',
      command: '<%= config.bin %> approval reject 2026-11-24-alice-payments-1f2e3d',
    },
    {
      description: 'Without a question.',
      command: '<%= config.bin %> approval reject 2026-11-24-alice-payments-1f2e3d --yes --key ~/.ssh/id_ed25519',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ApprovalReject);
    const { openWorkspace } = await import('../../actions/open-workspace.ts');
    const { reviewRequest, signRequest } = await import('../../actions/review-request.ts');
    const { reviewPretty } = await import('../../output/access-result.ts');
    const { confirm } = await import('../../output/confirm.ts');
    await using workspace = await openWorkspace({
      ...flags,
      genesis: flags.genesis,
      key: flags.key,
      clock: systemClock,
    });
    const reviewed = await reviewRequest(workspace, args.name);
    this.print(reviewPretty(reviewed, this.style));
    await confirm('Sign this (reject)?', flags.yes);
    await signRequest(workspace, reviewed, 'reject', systemClock);
    this.print(this.style.green(`Signed (reject) by ${workspace.signer?.name}.`));
  }
}
