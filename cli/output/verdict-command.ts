import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../core/clock/clock.ts';
import { keyFlag, repoFlags } from './repo-flags.ts';
import { SluiceCommand } from './sluice-command.ts';

/** What approving and rejecting share: show the request as it stands, ask, sign exactly that. */
export abstract class VerdictCommand extends SluiceCommand {
  static override description =
    'Shows what the request comes to under the rules as they are now, then signs exactly that with your SSH key, or, where requests are pull requests, reviews that commit as your account. If anything of it changes afterwards, the signature does not count any more.';
  static override args = { name: Args.string({ description: 'Name of the request.', required: true }) };
  static override flags = {
    yes: Flags.boolean({ description: 'Do not ask.', default: false }),
    ...repoFlags,
    ...keyFlag,
  };

  protected abstract readonly verdict: 'approve' | 'reject';

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(VerdictCommand);
    const { openWorkspace } = await import('../actions/open-workspace.ts');
    const { reviewRequest, signRequest, whyNotCounted } = await import('../actions/review-request.ts');
    const { reviewPretty } = await import('./access-result.ts');
    const { confirm } = await import('./confirm.ts');
    await using workspace = await openWorkspace({
      ...flags,
      genesis: flags.genesis,
      key: flags.key,
      clock: systemClock,
    });
    const reviewed = await reviewRequest(workspace, args.name);
    this.show(reviewPretty(reviewed, this.style));
    const vain = this.verdict === 'approve' ? whyNotCounted(reviewed, workspace.signer?.name) : undefined;
    if (vain !== undefined) this.tellShown(this.style.yellow(`warning: this signature will not count: ${vain}`));
    await confirm(`Sign this (${this.verdict})?`, flags.yes);
    await signRequest(workspace, reviewed, this.verdict, systemClock);
    this.print(this.style.green(`Signed (${this.verdict}) by ${workspace.signer?.name}.`));
  }
}
