import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../core/clock/clock.ts';
import { parseInstant } from '../../core/clock/instant.ts';
import { exitCodes } from '../output/error.ts';
import { operations, questionFlags } from '../output/question-flags.ts';
import { formatFlag } from '../output/repo-flags.ts';
import { SluiceCommand } from '../output/sluice-command.ts';

/** `sluice explain OPERATION NAME` */
export class Explain extends SluiceCommand {
  static override summary = 'Say step by step why somebody may do something, or may not.';
  static override description =
    'Tells of every rule that was looked at, in the order in which they count (deny, revocation, live grant, standing policy), with its place and why it counts or does not; of the masks; and of what to ask for. Grants in the folder are not counted: only a gateway admits them. Ends with 0 for yes and 1 for no.';
  static override args = {
    operation: Args.string({ description: 'What they would do.', required: true, options: [...operations] }),
    name: Args.string({ description: 'Name of the topic, or of what --kind says.', required: true }),
  };
  static override flags = {
    as: Flags.string({ description: 'Name of the Identity.', required: true }),
    ...questionFlags,
    rev: Flags.string({
      description: 'Revision of the git repo; the files as they are if left out.',
      helpValue: 'REV',
    }),
    ...formatFlag,
  };
  static override examples = [
    {
      description: 'Why can Alice not read a topic?',
      command: '<%= config.bin %> explain consume payments.orders --as alice --cluster main --repo policies-example',
    },
    {
      description: 'What did the last commit say?',
      command: '<%= config.bin %> explain consume clicks.web --as erin --cluster analytics --rev HEAD --format json',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Explain);
    const { explainDecision } = await import('../actions/explain-decision.ts');
    const { explanationJson, explanationPretty } = await import('../output/explanation.ts');
    const result = await explainDecision({
      repo: flags.repo,
      revision: flags.rev,
      as: flags.as,
      claimGroups: flags['claim-group'],
      claims: flags.claim,
      source: flags.source,
      operation: operations.find((operation) => operation === args.operation) ?? 'consume',
      kind: flags.kind,
      name: args.name,
      cluster: flags.cluster,
      at: flags.at === undefined ? systemClock.now() : parseInstant(flags.at),
    });
    if (flags.format === 'json') this.print(explanationJson(result));
    else this.show(explanationPretty(result, this.style));
    this.finish(result.explanation.decision.effect === 'allow' ? exitCodes.ok : exitCodes.problems);
  }
}
