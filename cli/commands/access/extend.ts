import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../../core/clock/clock.ts';
import { parseDuration } from '../../../core/clock/duration.ts';
import { formatFlag, keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { WaitingCommand, waitFlags } from '../../output/waiting-command.ts';

/** `sluice access extend NAME` */
export class AccessExtend extends WaitingCommand {
  static override summary = 'Ask for a grant to go on: the same once more, from where it ends.';
  static override description =
    'Opens a request for a new grant that refers to the old one. It needs the same approvals as any other; where the policy limits how many grants are active at once, merge it after the old one has ended.';
  static override args = { name: Args.string({ description: 'Name of the grant.', required: true }) };
  static override flags = {
    for: Flags.string({ description: 'How much longer, like 2h, 30m or PT2H.', required: true, helpValue: 'DURATION' }),
    reason: Flags.string({ description: "Why; the old grant's reason if left out." }),
    ticket: Flags.string({ description: "A ticket or incident; the old grant's if left out." }),
    'dry-run': Flags.boolean({ description: 'Show the request and send nothing.', default: false }),
    ...waitFlags,
    ...repoFlags,
    ...keyFlag,
    ...formatFlag,
  };
  static override examples = [
    {
      description: 'Two more hours.',
      command: '<%= config.bin %> access extend 2026-11-24-alice-payments-1f2e3d --for 2h',
    },
    {
      description: 'Wait until they are granted.',
      command:
        '<%= config.bin %> access extend 2026-11-24-alice-payments-1f2e3d --for 2h --reason "still broken" --wait',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessExtend);
    const { extendAccess } = await import('../../actions/extend-access.ts');
    const extension = {
      grant: args.name,
      duration: parseDuration(flags.for),
      reason: flags.reason,
      ticket: flags.ticket,
    };
    await this.ask(flags, (workspace) => extendAccess(workspace, extension, systemClock));
  }
}
