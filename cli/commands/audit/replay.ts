import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice audit replay SESSION` */
export class AuditReplay extends SluiceCommand {
  static override summary = 'Tell what one session did, in order.';
  static override description =
    'Lists each login, read, write, denial and cut of the session as the recording has it: topics, offsets, counts, bytes and what was masked. It does not check the recording; audit verify does.';
  static override args = {
    session: Args.string({ description: 'Id of the session, the sid of its events.', required: true }),
  };
  static override flags = {
    recordings: Flags.string({ description: 'Folder of the recordings.', required: true, helpValue: 'DIR' }),
    limit: Flags.integer({ description: 'Most events to list; the totals count all.', default: 10_000, min: 1 }),
    format: Flags.option({
      options: ['pretty', 'json'] as const,
      description: 'How the result is written.',
      default: 'pretty' as const,
    })(),
  };
  static override examples = [
    {
      description: 'What did this session read and write?',
      command: '<%= config.bin %> audit replay 01JDF3 --recordings /var/lib/sluice/recordings',
    },
    {
      description: 'For a program.',
      command: '<%= config.bin %> audit replay 01JDF3 --recordings recordings --format json',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditReplay);
    const { replayRecordedSession } = await import('../../actions/replay-session.ts');
    const { replayJson, replayPretty } = await import('../../output/replay-result.ts');
    const { recordings: folder, limit } = flags;
    const result = replayRecordedSession({ folder, session: args.session, limit });
    if (flags.format === 'json') this.print(replayJson(result));
    else this.show(replayPretty(result, this.style));
  }
}
