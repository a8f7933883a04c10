import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { SluiceCommand } from '../output/sluice-command.ts';

/** `sluice init DIR` */
export class Init extends SluiceCommand {
  static override summary = 'Write a new policy repo: example documents, schemas for editors, CODEOWNERS, checks.';
  static override description =
    'Works without a network. Refuses a folder that holds anything but .git. For GitHub and Gitea it also writes the workflow that checks pull requests, with its program, and says in README.md how to protect the branch.';
  static override args = {
    dir: Args.string({ description: 'Folder to write; it is made when it is not there.', required: true }),
  };
  static override flags = {
    forge: Flags.option({
      options: ['plain', 'github', 'gitea'] as const,
      description: 'Where the repo will live: plain is git alone, gitea is Forgejo too.',
      default: 'plain' as const,
    })(),
    repo: Flags.string({
      description: 'Page of the repo on its forge; an example to be replaced if left out.',
      helpValue: 'URL',
    }),
  };
  static override examples = [
    { description: 'Start a repo.', command: '<%= config.bin %> init access-policies' },
    {
      description: 'In a repo that has no files yet.',
      command: 'git init access-policies && <%= config.bin %> init access-policies --forge plain',
    },
    {
      description: 'Start one for GitHub, with checks of pull requests.',
      command:
        '<%= config.bin %> init access-policies --forge github --repo https://github.com/your-org/access-policies',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Init);
    const { forgeOf, initRepo } = await import('../actions/init-repo.ts');
    const { initPretty } = await import('../output/init-result.ts');
    const { forge, repo } = flags;
    const address = forge === 'plain' ? undefined : forgeOf(forge, repo);
    this.show(initPretty(await initRepo(args.dir, address), this.style));
  }
}
