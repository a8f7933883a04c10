import { formatFlag, socketFlag } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice gateway sessions` */
export class GatewaySessions extends SluiceCommand {
  static override summary = 'List the sessions of a gateway.';
  static override description = 'A session is one principal on one cluster, with all its connections.';
  static override flags = { ...socketFlag, ...formatFlag };
  static override examples = [{ description: 'Who is on?', command: '<%= config.bin %> gateway sessions' }];

  override async run(): Promise<void> {
    const { flags } = await this.parse(GatewaySessions);
    const { GatewayClient } = await import('../../actions/gateway-client.ts');
    const { sessionsPretty } = await import('../../output/gateway-result.ts');
    const sessions = await new GatewayClient(flags.socket).sessions();
    this.print(flags.format === 'json' ? JSON.stringify(sessions, null, 2) : sessionsPretty(sessions));
  }
}
