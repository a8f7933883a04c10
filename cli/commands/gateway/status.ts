import { exitCodes } from '../../output/error.ts';
import { formatFlag, socketFlag } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice gateway status` */
export class GatewayStatus extends SluiceCommand {
  static override summary = 'Say whether a gateway is ready, what it enforces and which grants it admitted or refused.';
  static override description =
    'Asks the gateway through its admin socket. Ends with 0 when it is ready, with 1 when it is not.';
  static override flags = { ...socketFlag, ...formatFlag };
  static override examples = [
    { description: 'How is it?', command: '<%= config.bin %> gateway status' },
    { description: 'For a program.', command: '<%= config.bin %> gateway status --socket ./admin.sock --format json' },
  ];

  override async run(): Promise<void> {
    const { flags } = await this.parse(GatewayStatus);
    const { GatewayClient } = await import('../../actions/gateway-client.ts');
    const { gatewayPretty } = await import('../../output/gateway-result.ts');
    const status = await new GatewayClient(flags.socket).status();
    this.print(flags.format === 'json' ? JSON.stringify(status, null, 2) : gatewayPretty(status, this.style));
    this.finish(status.ready ? exitCodes.ok : exitCodes.problems);
  }
}
