import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../core/clock/clock.ts';
import { exitCodes } from '../output/error.ts';
import { SluiceCommand } from '../output/sluice-command.ts';

const formats = ['pretty', 'json', 'sarif', 'junit', 'github'] as const;

/** `sluice lint [DIR]` */
export class Lint extends SluiceCommand {
  static override summary = 'Find smells in a policy repo: what is unused, too broad, shadowed or out of reach.';
  static override description =
    'For a repo that validates. docs/reference/lint.md says what each rule is for. A rule is turned off, or to an error, under spec.lint.rules in sluice.yaml; for one document by the comment # sluice-lint-disable ID -- REASON in it. Ends with 1 when a finding is an error, or when there are more warnings than --max-warnings.';
  static override args = {
    dir: Args.string({ description: 'Folder of the policy repo.', default: '.' }),
  };
  static override flags = {
    format: Flags.option({
      options: formats,
      description: 'How the findings are written.',
      default: 'pretty' as const,
    })(),
    'max-warnings': Flags.integer({
      description: 'End with 1 when there are more warnings; without it they never fail.',
      min: 0,
      helpValue: 'N',
    }),
    rules: Flags.boolean({ description: 'List the rules with their levels, and look at nothing.', default: false }),
  };
  static override examples = [
    { description: 'Lint the repo you are in.', command: '<%= config.bin %> lint' },
    {
      description: 'In CI, where a warning fails too.',
      command: '<%= config.bin %> lint --max-warnings 0 --format github',
    },
    { description: 'Which rules are there?', command: '<%= config.bin %> lint --rules' },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Lint);
    if (flags.rules) {
      const { lintRulesPretty } = await import('../output/lint-rules.ts');
      this.show(lintRulesPretty());
      return;
    }
    const { lintRepo } = await import('../actions/lint-repo.ts');
    const { problemsPretty, summary } = await import('../output/problems-pretty.ts');
    const machine = await import('../output/problems-machine.ts');
    const result = await lintRepo(args.dir, systemClock.now());
    switch (flags.format) {
      case 'pretty':
        this.show(problemsPretty(result, this.style, this.width));
        break;
      case 'json':
        this.print(machine.problemsJson(result));
        break;
      case 'sarif':
        this.print(machine.problemsSarif(result, this.config.version));
        break;
      case 'junit':
        this.print(machine.problemsJunit(result, 'lint'));
        break;
      case 'github': {
        const text = machine.problemsGithub(result);
        if (text !== '') this.print(text);
        this.tell(summary(result, this.style));
      }
    }
    const tooMany = result.warnings > (flags['max-warnings'] ?? Number.POSITIVE_INFINITY);
    this.finish(result.errors > 0 || tooMany ? exitCodes.problems : exitCodes.ok);
  }
}
