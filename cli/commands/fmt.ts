import { buffer } from 'node:stream/consumers';
import * as Flags from '@oclif/core/flags';
import { exitCodes } from '../output/error.ts';
import { SluiceCommand } from '../output/sluice-command.ts';

/** `sluice fmt [PATH...]` */
export class Fmt extends SluiceCommand {
  static override summary = 'Lay out the documents of a policy repo: order of keys, indents, line ends.';
  static override description =
    'Values and comments stay; a file that cannot be formatted without losing one is left and reported. Paths are files and folders, the current folder when there is none; - formats standard input. Other YAML is left alone.';
  static override strict = false;
  static override usage = 'fmt [PATH...] [--check] [--diff]';
  static override flags = {
    check: Flags.boolean({
      description: 'Write nothing; list the files that are not formatted, and end with 1.',
      default: false,
    }),
    diff: Flags.boolean({ description: 'Show the changes instead of the names of the files.', default: false }),
  };
  static override examples = [
    { description: 'Format the repo you are in.', command: '<%= config.bin %> fmt' },
    { description: 'In CI: what is not formatted?', command: '<%= config.bin %> fmt --check --diff policies-example' },
    { description: 'In an editor.', command: '<%= config.bin %> fmt - < groups/groups.yaml' },
  ];

  override async run(): Promise<void> {
    const { argv, flags } = await this.parse(Fmt);
    const { formatFiles, formatText, writeFormatted } = await import('../actions/format-files.ts');
    const { formatDiff, formatList, formatProblems, formatSummary } = await import('../output/format-result.ts');
    const paths = argv.map(String);
    const stdin = paths.length === 1 && paths[0] === '-';
    const input = stdin ? await buffer(process.stdin) : undefined;
    const result = input ? await formatText(input, 'stdin') : await formatFiles(paths.length === 0 ? ['.'] : paths);
    const failed = result.problems.length > 0 || (result.count === 0 && !stdin);
    if (!flags.check && !stdin) writeFormatted(result.changed);
    if (input && !flags.check && !failed) {
      const text = result.changed[0]?.after ?? new TextDecoder().decode(input);
      if (text !== '') this.print(text);
    } else {
      const text = flags.diff ? formatDiff(result, this.style) : formatList(result);
      if (text !== '') this.print(text);
    }
    if (failed || !stdin) {
      this.tell(formatProblems(result, this.style) + formatSummary(result, flags.check, this.style));
    }
    this.finish(failed || (flags.check && result.changed.length > 0) ? exitCodes.problems : exitCodes.ok);
  }
}
