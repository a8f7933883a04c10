import * as Args from '@oclif/core/args';
import { InputError } from '../../../core/errors/sluice-error.ts';
import { socketFlag } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice explain grant ID` */
export class ExplainGrant extends SluiceCommand {
  static override summary = 'Say what a gateway decided about a grant, and on what evidence.';
  static override description =
    'Prints the verdict as JSON: who approved which content when, what was not counted and why. An admitted grant is judged again on the evidence that was kept; `verified` says whether it comes to the same.';
  static override args = { id: Args.string({ description: 'Name or uid of the grant.', required: true }) };
  static override flags = { ...socketFlag };
  static override examples = [
    { description: 'Why is it not live?', command: '<%= config.bin %> explain grant 2026-11-24-alice-payments-1f2e3d' },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(ExplainGrant);
    const { GatewayClient } = await import('../../actions/gateway-client.ts');
    const found = await new GatewayClient(flags.socket).explainGrant(args.id);
    if (found === undefined) {
      throw new InputError('BadUsage', `the gateway knows no grant '${args.id}'`, {
        fix: 'sluice gateway status lists those it has judged',
      });
    }
    this.print(JSON.stringify(found, null, 2));
  }
}
