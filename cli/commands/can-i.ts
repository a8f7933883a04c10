import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../core/clock/clock.ts';
import { parseInstant } from '../../core/clock/instant.ts';
import { exitCodes } from '../output/error.ts';
import { operations, questionFlags } from '../output/question-flags.ts';
import { formatFlag } from '../output/repo-flags.ts';
import { SluiceCommand } from '../output/sluice-command.ts';

/** `sluice can-i OPERATION NAME` */
export class CanI extends SluiceCommand {
  static override summary = 'Say whether somebody may do something, and which rule says so.';
  static override description =
    'Decides by the rules in a folder, with the function the gateway decides with. Grants in the folder are not counted: only a gateway admits them. Ends with 0 for yes and 1 for no.';
  static override args = {
    operation: Args.string({ description: 'What they would do.', required: true, options: [...operations] }),
    name: Args.string({ description: 'Name of the topic, or of what --kind says.', required: true }),
  };
  static override flags = {
    as: Flags.string({ description: 'Name of the Identity.', required: true }),
    ...questionFlags,
    ...formatFlag,
  };
  static override examples = [
    {
      description: 'May Alice read a topic, and what would she not see?',
      command: '<%= config.bin %> can-i consume payments.orders --as alice --cluster main',
    },
    {
      description: 'On a Sunday night?',
      command:
        '<%= config.bin %> can-i consume clicks.web --as erin --cluster analytics --at 2026-11-29T23:00:00+01:00',
    },
    {
      description: 'From the office network, with a second factor?',
      command:
        '<%= config.bin %> can-i consume payments.orders --as alice --cluster main --claim mfa=true --source 10.1.2.3',
    },
    {
      description: 'With a consumer group of another name?',
      command: '<%= config.bin %> can-i consume payments-settlement --kind group --as bob --cluster main --format json',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(CanI);
    const at = flags.at === undefined ? systemClock.now() : parseInstant(flags.at);
    const { canI } = await import('../actions/can-i.ts');
    const { decisionJson, decisionPretty } = await import('../output/decision.ts');
    const result = await canI({
      repo: flags.repo,
      as: flags.as,
      claimGroups: flags['claim-group'],
      claims: flags.claim,
      source: flags.source,
      operation: operations.find((operation) => operation === args.operation) ?? 'consume',
      kind: flags.kind,
      name: args.name,
      cluster: flags.cluster,
      at,
    });
    if (flags.format === 'json') this.print(decisionJson(result));
    else this.show(decisionPretty(result, this.style));
    this.finish(result.decision.effect === 'allow' ? exitCodes.ok : exitCodes.problems);
  }
}
