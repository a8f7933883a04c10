import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { exitCodes } from '../output/error.ts';
import { formatFlag } from '../output/repo-flags.ts';
import { SluiceCommand } from '../output/sluice-command.ts';

const failOn = ['denied', 'unsure', 'masked', 'unmasked', 'allowed'] as const;

/** `sluice simulate [DIR] --from RECORDINGS` */
export class Simulate extends SluiceCommand {
  static override summary = 'Ask about recorded traffic again, under other rules.';
  static override description =
    'For everything that a recording says was read, written or refused: would it be denied, masked, unmasked or allowed by the rules in a folder or at a revision? With the recorded person, time, address and grant; a grant counts as admitted under the new rules. Claims are not recorded: who used a policy is taken to be in its groups. The recording is verified first. Ends with 1 when there is a difference that --fail-on names.';
  static override args = { dir: Args.string({ description: 'Folder of the policy repo.', default: '.' }) };
  static override flags = {
    from: Flags.string({ description: 'Folder of the recordings.', required: true, helpValue: 'FOLDER' }),
    rev: Flags.string({
      description: 'Revision of the git repo; the files as they are if left out.',
      helpValue: 'REV',
    }),
    key: Flags.string({
      description: 'Verifier key of the recording, or a file with one a line; may be repeated.',
      multiple: true,
      default: [],
      helpValue: 'KEY',
    }),
    unverified: Flags.boolean({ description: 'Take the recording as it is.', default: false }),
    'fail-on': Flags.option({
      options: [...failOn, 'none'] as const,
      description: 'Differences that end it with 1; may be repeated.',
      multiple: true,
      default: ['denied'],
    })(),
    ...formatFlag,
  };
  static override examples = [
    {
      description: 'What would this change have broken last week?',
      command: '<%= config.bin %> simulate --from recordings --key gateway.vkey',
    },
    {
      description: 'What would a branch hide or show?',
      command:
        '<%= config.bin %> simulate --from recordings --key gateway.vkey --rev origin/mask-more --fail-on unmasked --format json',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Simulate);
    if (flags.key.length === 0 && !flags.unverified) {
      throw new InputError('BadUsage', 'the recording has to be verified', {
        fix: 'give --key with the verifier key that the gateway printed at its start, or --unverified',
      });
    }
    const { simulateRecording } = await import('../actions/simulate-recording.ts');
    const { simulateJson, simulatePretty } = await import('../output/simulate-result.ts');
    const result = await simulateRecording({
      from: flags.from,
      keys: flags.key,
      unverified: flags.unverified,
      repo: args.dir,
      revision: flags.rev,
      clock: systemClock,
    });
    if (flags.format === 'json') this.print(simulateJson(result));
    else this.show(simulatePretty(result, this.style));
    const fails = result.differences.some(({ change }) => flags['fail-on'].includes(change));
    this.finish(fails ? exitCodes.problems : exitCodes.ok);
  }
}
