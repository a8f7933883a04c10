import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { SluiceCommand } from '../output/sluice-command.ts';

/** `sluice init DIR` */
export class Init extends SluiceCommand {
  static override summary = 'Write a new policy repo: example documents, schemas for editors, CODEOWNERS.';
  static override description = 'Works without a network. Refuses a folder that holds anything but .git.';
  static override args = {
    dir: Args.string({ description: 'Folder to write; it is made when it is not there.', required: true }),
  };
  static override flags = {
    forge: Flags.option({
      options: ['plain'] as const,
      description: 'Where the repo will live: plain is git alone.',
      default: 'plain' as const,
    })(),
  };
  static override examples = [
    { description: 'Start a repo.', command: '<%= config.bin %> init access-policies' },
    {
      description: 'In a repo that has no files yet.',
      command: 'git init access-policies && <%= config.bin %> init access-policies --forge plain',
    },
  ];

  override async run(): Promise<void> {
    const { args } = await this.parse(Init);
    const { initRepo } = await import('../actions/init-repo.ts');
    const { initPretty } = await import('../output/init-result.ts');
    this.show(initPretty(await initRepo(args.dir), this.style));
  }
}
