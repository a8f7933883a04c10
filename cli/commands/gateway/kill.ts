import * as Args from '@oclif/core/args';
import { InputError } from '../../../core/errors/sluice-error.ts';
import { socketFlag } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice gateway kill SESSION` */
export class GatewayKill extends SluiceCommand {
  static override summary = 'Cut every connection of a session, now.';
  static override description =
    'The principal may connect again while its rights stand; to take them away, use sluice access revoke.';
  static override args = { session: Args.string({ description: 'Id of the session.', required: true }) };
  static override flags = { ...socketFlag };
  static override examples = [
    { description: 'Cut it.', command: '<%= config.bin %> gateway kill 0a1b2c3d4e5f60718293a4b5' },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(GatewayKill);
    const { GatewayClient } = await import('../../actions/gateway-client.ts');
    if (!(await new GatewayClient(flags.socket).kill(args.session))) {
      throw new InputError('BadUsage', `there is no session '${args.session}'`, {
        fix: 'sluice gateway sessions lists them',
      });
    }
    this.print(`${this.style.green('Cut:')} ${args.session}`);
  }
}
