import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../core/clock/clock.ts';
import { parseInstant } from '../../core/clock/instant.ts';
import { exitCodes } from '../output/error.ts';
import { operations, questionFlags } from '../output/question-flags.ts';
import { formatFlag } from '../output/repo-flags.ts';
import { SluiceCommand } from '../output/sluice-command.ts';

const { cluster, kind, repo } = questionFlags;

/** `sluice who-can OPERATION NAME` */
export class WhoCan extends SluiceCommand {
  static override summary = 'List everybody who may do something, and who may ask to.';
  static override description =
    'Says through which rule, until when and with what hidden; for what can be asked, who has to sign. Groups are told member by member; groups that come from a token are named. Claims and addresses are not known, so conditions are listed. Grants in the folder are not counted: only a gateway admits them. Ends with 1 when there is nobody.';
  static override args = {
    operation: Args.string({ description: 'What they would do.', required: true, options: [...operations] }),
    name: Args.string({ description: 'Name of the topic, or of what --kind says.', required: true }),
  };
  static override flags = {
    cluster,
    kind,
    at: Flags.string({
      description: 'A time, as RFC 3339, or a revision of the git repo; may be repeated, for both.',
      multiple: true,
      default: [],
      helpValue: 'TIME|REV',
    }),
    repo,
    ...formatFlag,
  };
  static override examples = [
    {
      description: 'Who reads payments?',
      command: '<%= config.bin %> who-can consume payments.orders --cluster main --repo policies-example',
    },
    {
      description: 'Who could at the last release?',
      command: '<%= config.bin %> who-can consume payments.orders --cluster main --at v1.2.0 --format json',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(WhoCan);
    const { findWhoCan } = await import('../actions/who-can.ts');
    const { whoCanJson, whoCanPretty } = await import('../output/who-can-result.ts');
    const time = flags.at.find((text) => /^\d{4}-\d\d-\d\dT/.test(text));
    const result = await findWhoCan({
      repo: flags.repo,
      revision: flags.at.find((text) => text !== time),
      operation: operations.find((operation) => operation === args.operation) ?? 'consume',
      kind: flags.kind,
      name: args.name,
      cluster: flags.cluster,
      at: time === undefined ? systemClock.now() : parseInstant(time),
    });
    if (flags.format === 'json') this.print(whoCanJson(result));
    else this.show(whoCanPretty(result, this.style));
    this.finish(result.holders.length > 0 ? exitCodes.ok : exitCodes.problems);
  }
}
