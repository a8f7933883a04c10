import { formatFlag, socketFlag } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice gateway reconcile` */
export class GatewayReconcile extends SluiceCommand {
  static override summary = 'Have a gateway read the policy repo now.';
  static override description = 'Comes back when it has fetched, judged and applied what is new; prints its status.';
  static override flags = { ...socketFlag, ...formatFlag };
  static override examples = [
    { description: 'Do not wait for the next poll.', command: '<%= config.bin %> gateway reconcile' },
  ];

  override async run(): Promise<void> {
    const { flags } = await this.parse(GatewayReconcile);
    const { GatewayClient } = await import('../../actions/gateway-client.ts');
    const { gatewayPretty } = await import('../../output/gateway-result.ts');
    const status = await new GatewayClient(flags.socket).reconcile();
    this.print(flags.format === 'json' ? JSON.stringify(status, null, 2) : gatewayPretty(status, this.style));
  }
}
