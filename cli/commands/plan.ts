import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { exitCodes } from '../output/error.ts';
import { SluiceCommand } from '../output/sluice-command.ts';

/** `sluice plan [DIR]` */
export class PlanCommand extends SluiceCommand {
  static override summary = 'Say what a change of a policy repo widens and narrows, and for whom.';
  static override description =
    'Compares the files in the folder, or --head, with --base: over every Identity, stream, operation, hour and mask. When in doubt it says that something widens. What goes beyond a safety limit has to be acknowledged in sluice.yaml. Ends with 4 when the change widens anything, with 1 when a side does not validate.';
  static override args = {
    dir: Args.string({ description: 'Folder of the policy repo.', default: '.' }),
  };
  static override flags = {
    base: Flags.string({
      description: 'Revision to compare with; where the change left the branch if left out.',
      helpValue: 'REV',
    }),
    head: Flags.string({ description: 'Revision to look at; the files as they are if left out.', helpValue: 'REV' }),
    branch: Flags.string({ description: 'The branch the gateway follows.', env: 'SLUICE_BRANCH', default: 'main' }),
    format: Flags.option({
      options: ['pretty', 'json', 'markdown'] as const,
      description: 'How the plan is written.',
      default: 'pretty' as const,
    })(),
  };
  static override examples = [
    { description: 'What would what I have here change?', command: '<%= config.bin %> plan' },
    {
      description: 'What did the last commit change?',
      command: '<%= config.bin %> plan --base HEAD~1 --head HEAD',
    },
    {
      description: 'Write the comment for a pull request.',
      command: '<%= config.bin %> plan --base origin/main --format markdown > plan.md',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(PlanCommand);
    const { planChange } = await import('../actions/plan-change.ts');
    const { base, head, branch } = flags;
    const result = await this.withProgress((onProgress) =>
      planChange({ dir: args.dir, base, head, branch }, onProgress),
    );
    switch (flags.format) {
      case 'pretty':
        this.show((await import('../output/plan-pretty.ts')).planPretty(result, this.style, this.width));
        break;
      case 'json':
        this.print((await import('../output/plan-json.ts')).planJson(result));
        break;
      case 'markdown':
        this.print((await import('../output/plan-markdown.ts')).planMarkdown(result));
    }
    if (!result.plan) this.finish(exitCodes.problems);
    else this.finish(result.plan.widens.length > 0 ? exitCodes.widens : exitCodes.ok);
  }
}
