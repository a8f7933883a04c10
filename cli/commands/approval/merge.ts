import * as Args from '@oclif/core/args';
import { systemClock } from '../../../core/clock/clock.ts';
import { formatFlag, keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';
import { visible } from '../../output/style.ts';

/** `sluice approval merge NAME` */
export class ApprovalMerge extends SluiceCommand {
  static override summary = 'Merge a request, with its approvals and your signed time.';
  static override description =
    'Makes the merge commit that carries the signed approvals, and pushes it. The window of a grant starts at the time you sign here. Merging grants nothing by itself: gateways check who approved what.';
  static override args = { name: Args.string({ description: 'Name of the request.', required: true }) };
  static override flags = { ...repoFlags, ...keyFlag, ...formatFlag };
  static override examples = [
    {
      description: 'Merge an approved request.',
      command: '<%= config.bin %> approval merge 2026-11-24-alice-payments-1f2e3d',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ApprovalMerge);
    const { openWorkspace } = await import('../../actions/open-workspace.ts');
    const { reviewRequest } = await import('../../actions/review-request.ts');
    await using workspace = await openWorkspace({
      ...flags,
      genesis: flags.genesis,
      key: flags.key,
      clock: systemClock,
    });
    const { request, problems } = await reviewRequest(workspace, args.name);
    for (const text of problems) this.tell(`Gateways will refuse it: ${visible(text)}`);
    const commit = await workspace.forge.merge(request);
    this.print(
      flags.format === 'json'
        ? JSON.stringify({ name: args.name, commit }, null, 2)
        : `${this.style.green('Merged:')} ${args.name} as ${commit.slice(0, 12)}`,
    );
  }
}
