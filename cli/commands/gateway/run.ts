import * as Flags from '@oclif/core/flags';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice gateway run` */
export class GatewayRun extends SluiceCommand {
  static override summary = 'Run the gateway in the foreground.';
  static override description =
    'Follows the policy repo, listens for clients and writes its log to stderr. When everything is up, one JSON line with the addresses goes to stdout. SIGINT or SIGTERM ends it: connections are cut, broker users removed, the recording closed.';
  static override flags = {
    config: Flags.string({
      description: 'Path of gateway.yaml.',
      required: true,
      helpValue: 'FILE',
      env: 'SLUICE_CONFIG',
    }),
  };
  static override examples = [
    { description: 'Run it.', command: '<%= config.bin %> gateway run --config /etc/sluice/gateway.yaml' },
  ];

  override async run(): Promise<void> {
    const { flags } = await this.parse(GatewayRun);
    const { runGateway } = await import('../../../gateway/main.ts');
    await runGateway({ configFile: flags.config, onReady: (addresses) => this.print(JSON.stringify(addresses)) });
  }
}
