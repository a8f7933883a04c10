import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { SluiceCommand } from '../output/sluice-command.ts';

/** `sluice schema [DIR]` */
export class Schema extends SluiceCommand {
  static override summary = 'Write the schemas of policy documents, and the settings that make an editor use them.';
  static override description =
    'Settings that are there already are added to: comments and everything else in them stay. A file that is not of Sluice is never overwritten.';
  static override args = {
    dir: Args.string({ description: 'Folder of the policy repo.', default: '.' }),
  };
  static override flags = {
    out: Flags.string({
      description: 'Folder for the schemas, within the repo.',
      default: '.sluice/schemas',
      helpValue: 'DIR',
    }),
    editor: Flags.option({
      options: ['vscode', 'jetbrains'] as const,
      description: 'Editor to write settings for.',
      multiple: true,
    })(),
  };
  static override examples = [
    { description: 'Bring the schemas of a repo up to date.', command: '<%= config.bin %> schema' },
    { description: 'Have VS Code check and complete.', command: '<%= config.bin %> schema --editor vscode' },
    {
      description: 'Both editors, schemas elsewhere.',
      command: '<%= config.bin %> schema policies --out schemas --editor vscode --editor jetbrains',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Schema);
    const { writeSchemas } = await import('../actions/write-schemas.ts');
    const { schemasPretty } = await import('../output/schemas-result.ts');
    this.show(schemasPretty(writeSchemas(args.dir, flags.out, flags.editor ?? []), this.style));
  }
}
