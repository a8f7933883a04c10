import * as Args from '@oclif/core/args';
import { SluiceCommand } from '../output/sluice-command.ts';

/** `sluice completion SHELL` */
export class Completion extends SluiceCommand {
  static override summary =
    'Print the script that makes a shell complete commands, flags and names of the policy repo.';
  static override description =
    'Names of streams, policies, identities and grants are those of the repo in the folder you are in, or of --repo.';
  static override args = {
    shell: Args.string({ description: 'Your shell.', options: ['bash', 'zsh', 'fish'], required: true }),
  };
  static override examples = [
    {
      description: 'For this bash; add the line to ~/.bashrc for all.',
      command: 'eval "$(<%= config.bin %> completion bash)"',
    },
    { description: 'For zsh, after compinit.', command: 'source <(<%= config.bin %> completion zsh)' },
    { description: 'For fish.', command: '<%= config.bin %> completion fish | source' },
  ];

  override async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    const { completionScripts } = await import('../output/completion-scripts.ts');
    this.print(completionScripts[args.shell as keyof typeof completionScripts]);
  }
}
