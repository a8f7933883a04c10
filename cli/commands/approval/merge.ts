import * as Args from '@oclif/core/args';
import { systemClock } from '../../../core/clock/clock.ts';
import { formatFlag, keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';
import { visible } from '../../output/style.ts';

/** `sluice approval merge NAME` */
export class ApprovalMerge extends SluiceCommand {
  static override summary = 'Merge a request, with its approvals and your signed time.';
  static override description =
    'Makes the merge commit that carries the signed approvals, and pushes it. The window of a grant starts at the time you sign here. Merging grants nothing by itself: gateways check who approved what. What only takes access away needs no approval: gateways apply it as soon as they have fetched it.';
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
    const { mergeRequest } = await import('../../actions/merge-request.ts');
    await using workspace = await openWorkspace({
      ...flags,
      genesis: flags.genesis,
      key: flags.key,
      clock: systemClock,
    });
    const { commit, takesAway } = await mergeRequest(workspace, args.name, (problem) =>
      this.tell(`Gateways will refuse it: ${visible(problem)}`),
    );
    if (flags.format === 'json') this.print(JSON.stringify({ name: args.name, commit }, null, 2));
    else {
      this.print(`${this.style.green('Merged:')} ${args.name} as ${commit.slice(0, 12)}`);
      if (takesAway)
        this.print(
          'It only takes access away, which needs no approval: each gateway applies it as soon as it has fetched it.',
        );
    }
  }
}
