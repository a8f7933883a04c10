import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { exitCodes } from '../output/error.ts';
import { SluiceCommand } from '../output/sluice-command.ts';

const formats = ['pretty', 'json', 'junit', 'github'] as const;

/** `sluice test [DIR]` */
export class Test extends SluiceCommand {
  static override summary = 'Run the policy tests of a policy repo.';
  static override description =
    'Decides every assertion in tests/ with the function the gateway decides with. Ends with 1 when one does not hold, when no test is found, and when the coverage is too low.';
  static override args = {
    dir: Args.string({ description: 'Folder of the policy repo.', default: '.' }),
  };
  static override flags = {
    run: Flags.string({
      description: 'Only tests whose name matches this regular expression.',
      helpValue: 'PATTERN',
    }),
    coverage: Flags.boolean({ description: 'Name the rules that no assertion reaches.', default: false }),
    'min-coverage': Flags.integer({
      description: 'Percent of the rules that the assertions have to reach.',
      min: 0,
      max: 100,
      helpValue: 'PERCENT',
    }),
    format: Flags.option({
      options: formats,
      description: 'How the result is written.',
      default: 'pretty' as const,
    })(),
  };
  static override examples = [
    { description: 'Test the repo you are in.', command: '<%= config.bin %> test' },
    {
      description: 'In CI: every rule has to be tested.',
      command: '<%= config.bin %> test --min-coverage 100 --format github',
    },
    {
      description: 'Run some, and see what they reach.',
      command: "<%= config.bin %> test policies-example --run '^payments' --coverage",
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Test);
    const { testRepo } = await import('../actions/test-repo.ts');
    const { testPretty, testSummary } = await import('../output/test-pretty.ts');
    const machine = await import('../output/test-machine.ts');
    const minCoverage = flags['min-coverage'];
    const coverage = flags.coverage || minCoverage !== undefined;
    const result = await this.withProgress((onProgress) =>
      testRepo({ dir: args.dir, run: flags.run, minCoverage }, onProgress),
    );
    switch (flags.format) {
      case 'pretty':
        this.show(testPretty(result, this.style, coverage, this.width));
        break;
      case 'json':
        this.print(machine.testJson(result, coverage));
        break;
      case 'junit':
        this.print(machine.testJunit(result));
        break;
      case 'github': {
        const text = machine.testGithub(result);
        if (text !== '') this.print(text);
        this.tell(testSummary(result, this.style));
      }
    }
    this.finish(result.ok ? exitCodes.ok : exitCodes.problems);
  }
}
