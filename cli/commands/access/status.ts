import * as Args from '@oclif/core/args';
import { systemClock } from '../../../core/clock/clock.ts';
import { exitCodes } from '../../output/error.ts';
import { formatFlag, keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { WaitingCommand, waitFlags } from '../../output/waiting-command.ts';

/** `sluice access status NAME` */
export class AccessStatus extends WaitingCommand {
  static override summary = 'Say what became of a request: open, approved by whom, live until when.';
  static override description =
    'Judges a merged grant with the function the gateway uses, so a refusal says the same here. Ends with 0 when it is open, scheduled or active, with 1 otherwise; after --wait an open one is 1, too.';
  static override args = { name: Args.string({ description: 'Name of the request or grant.', required: true }) };
  static override flags = {
    ...waitFlags,
    ...repoFlags,
    ...keyFlag,
    ...formatFlag,
  };
  static override examples = [
    {
      description: 'Where does it stand?',
      command: '<%= config.bin %> access status 2026-11-24-alice-payments-1f2e3d',
    },
    {
      description: 'Wait until it is live.',
      command: '<%= config.bin %> access status 2026-11-24-alice-payments-1f2e3d --wait',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessStatus);
    const { openWorkspace } = await import('../../actions/open-workspace.ts');
    const { accessStatus } = await import('../../actions/access-status.ts');
    const { statusJson, statusPretty } = await import('../../output/access-result.ts');
    if (flags.wait) {
      const followed = await this.follow(args.name, flags);
      const { status } = followed;
      if (status) this.print(flags.format === 'json' ? statusJson(status) : statusPretty(status, this.style));
      this.finishWith(followed);
      return;
    }
    await using workspace = await openWorkspace({
      ...flags,
      genesis: flags.genesis,
      key: flags.key,
      clock: systemClock,
    });
    const status = await accessStatus(workspace, args.name, systemClock);
    this.print(flags.format === 'json' ? statusJson(status) : statusPretty(status, this.style));
    this.finish(['Open', 'Scheduled', 'Active'].includes(status.state) ? exitCodes.ok : exitCodes.problems);
  }
}
