import { socketFlag } from '../../../output/repo-flags.ts';
import { SluiceCommand } from '../../../output/sluice-command.ts';

/** `sluice gateway evidence export` */
export class GatewayEvidenceExport extends SluiceCommand {
  static override summary = 'Print what a gateway tells its peers: what the forge showed it, and what is over.';
  static override description =
    'A note, signed with the key of its recording, for `gateway evidence import` at another gateway of the same repo within a day: live grants with the reviews that were seen when they were judged, revocations, and grants whose documents were deleted. It holds no secret; it names people and streams.';
  static override flags = { ...socketFlag };
  static override examples = [
    { description: 'To a file.', command: '<%= config.bin %> gateway evidence export > gw-eu.note' },
    {
      description: 'To the other gateway at once.',
      command:
        '<%= config.bin %> gateway evidence export | ssh gw-us.example.com <%= config.bin %> gateway evidence import -',
    },
  ];

  override async run(): Promise<void> {
    const { flags } = await this.parse(GatewayEvidenceExport);
    const { GatewayClient } = await import('../../../actions/gateway-client.ts');
    this.print(await new GatewayClient(flags.socket).evidence());
  }
}
