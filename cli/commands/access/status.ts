import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { sleep, systemClock } from '../../../core/clock/clock.ts';
import { exitCodes } from '../../output/error.ts';
import { formatFlag, keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

const pollEvery = 2000;

/** `sluice access status NAME` */
export class AccessStatus extends SluiceCommand {
  static override summary = 'Say what became of a request: open, approved by whom, live until when.';
  static override description =
    'Judges a merged grant with the function the gateway uses, so a refusal says the same here. Ends with 0 when it is open, scheduled or active, with 1 otherwise.';
  static override args = { name: Args.string({ description: 'Name of the request or grant.', required: true }) };
  static override flags = {
    wait: Flags.boolean({ description: 'Wait until it is merged or refused.', default: false }),
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
      description: 'Wait for the merge.',
      command: '<%= config.bin %> access status 2026-11-24-alice-payments-1f2e3d --wait',
    },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(AccessStatus);
    const { openWorkspace } = await import('../../actions/open-workspace.ts');
    const { accessStatus } = await import('../../actions/access-status.ts');
    const { statusJson, statusPretty } = await import('../../output/access-result.ts');
    for (let told = ''; ; ) {
      await using workspace = await openWorkspace({
        ...flags,
        genesis: flags.genesis,
        key: flags.key,
        clock: systemClock,
      });
      const status = await accessStatus(workspace, args.name, systemClock);
      if (!flags.wait || status.state !== 'Open') {
        this.print(flags.format === 'json' ? statusJson(status) : statusPretty(status, this.style));
        this.finish(['Open', 'Scheduled', 'Active'].includes(status.state) ? exitCodes.ok : exitCodes.problems);
        return;
      }
      const progress =
        status.waitingFor.length > 0
          ? `waiting for ${status.waitingFor.join('; ')}`
          : 'approved; waiting for the merge';
      if (progress !== told) this.tell(progress);
      told = progress;
      await sleep(systemClock, pollEvery);
    }
  }
}
