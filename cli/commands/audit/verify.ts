import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../../core/clock/clock.ts';
import { exitCodes } from '../../output/error.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

const exits = { whole: exitCodes.ok, tampered: exitCodes.problems, incomplete: exitCodes.incomplete } as const;

/** `sluice audit verify FOLDER` */
export class AuditVerify extends SluiceCommand {
  static override summary = 'Check that a recording is whole and as it was written.';
  static override description =
    'Checks the chain, the sequence, the tree roots and the signatures of every log in the folder, and that no segment, note or end of a session is missing. The key must come from outside the recording. A tail that was cut together with its checkpoint shows only against a checkpoint kept elsewhere (--anchor). Ends with 0 when whole, 1 when tampered with, 5 when incomplete; an empty folder is incomplete.';
  static override args = {
    folder: Args.string({ description: 'Folder of the recordings.', required: true }),
  };
  static override flags = {
    key: Flags.string({
      description: 'Verifier key, name+12345678+base64, or a file with one a line; may be repeated.',
      multiple: true,
      required: true,
      helpValue: 'KEY',
    }),
    anchor: Flags.string({
      description: 'File with a checkpoint that was kept elsewhere; may be repeated.',
      multiple: true,
      default: [],
      helpValue: 'FILE',
    }),
    format: Flags.option({
      options: ['pretty', 'json'] as const,
      description: 'How the result is written.',
      default: 'pretty' as const,
    })(),
  };
  static override examples = [
    {
      description: 'Check all recordings of a gateway.',
      command: '<%= config.bin %> audit verify /var/lib/sluice/recordings --key gateway.vkey',
    },
    {
      description: 'Compare with the checkpoint that was put aside last night.',
      command: '<%= config.bin %> audit verify recordings --key gateway.vkey --anchor last-night.note --format json',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AuditVerify);
    const { verifyRecordingFolder } = await import('../../actions/verify-recording.ts');
    const { verifyJson, verifyPretty } = await import('../../output/verify-result.ts');
    const result = verifyRecordingFolder({
      folder: args.folder,
      keys: flags.key,
      anchors: flags.anchor,
      clock: systemClock,
    });
    if (flags.format === 'json') this.print(verifyJson(result));
    else this.show(verifyPretty(result, this.style));
    this.finish(exits[result.outcome]);
  }
}
