import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { ValidateResult } from '../actions/validate-repo.ts';
import { exitCodes } from '../output/error.ts';
import type { Progress } from '../output/progress.ts';
import { SluiceCommand } from '../output/sluice-command.ts';

const formats = ['pretty', 'json', 'sarif', 'junit', 'github'] as const;

/** `sluice validate [DIR]` */
export class Validate extends SluiceCommand {
  static override summary = 'Check a policy repo: schema, references, limits, contradictions.';
  static override description =
    'Finds every problem in one run, each with file:line:column and how to mend it. Ends with 1 when there is an error; a folder without policy is one.';
  static override args = {
    dir: Args.string({ description: 'Folder of the policy repo.', default: '.' }),
  };
  static override flags = {
    format: Flags.option({
      options: formats,
      description: 'How the problems are written.',
      default: 'pretty' as const,
    })(),
    base: Flags.string({
      description: 'Revision that the files are a change of: what goes beyond a safety limit has to be acknowledged.',
      helpValue: 'REV',
    }),
  };
  static override examples = [
    { description: 'Check the repo you are in.', command: '<%= config.bin %> validate' },
    { description: 'Annotate a pull request on GitHub.', command: '<%= config.bin %> validate --format github' },
    {
      description: 'Check a change, its safety limits too.',
      command: '<%= config.bin %> validate --base origin/main',
    },
    {
      description: 'Write a report for code scanning.',
      command: '<%= config.bin %> validate policies --format sarif > sluice.sarif',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Validate);
    const result = await this.withProgress((onProgress) => this.#check(args.dir, flags.base, onProgress));
    const { problemsPretty, summary } = await import('../output/problems-pretty.ts');
    if (flags.format === 'pretty') this.show(problemsPretty(result, this.style, this.width));
    else {
      const machine = await import('../output/problems-machine.ts');
      if (flags.format === 'json') this.print(machine.problemsJson(result));
      if (flags.format === 'sarif') this.print(machine.problemsSarif(result, this.config.version));
      if (flags.format === 'junit') this.print(machine.problemsJunit(result));
      if (flags.format === 'github') {
        const text = machine.problemsGithub(result);
        if (text !== '') this.print(text);
        this.tell(summary(result, this.style));
      }
    }
    this.finish(result.errors > 0 ? exitCodes.problems : exitCodes.ok);
  }

  async #check(dir: string, base: string | undefined, onProgress: Progress['tell']): Promise<ValidateResult> {
    const { validateRepo, withError } = await import('../actions/validate-repo.ts');
    const result = await validateRepo(dir, onProgress);
    if (base === undefined || result.errors > 0) return result;
    const { planChange, unacknowledgedProblem } = await import('../actions/plan-change.ts');
    const plan = await planChange({ dir, base, head: undefined, branch: '' }, onProgress);
    return withError(result, unacknowledgedProblem(plan));
  }
}
