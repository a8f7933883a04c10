import * as Args from '@oclif/core/args';
import { exitCodes } from '../../../output/error.ts';
import { formatFlag, socketFlag } from '../../../output/repo-flags.ts';
import { SluiceCommand } from '../../../output/sluice-command.ts';

/** `sluice gateway evidence import FILE` */
export class GatewayEvidenceImport extends SluiceCommand {
  static override summary = 'Give a gateway what another one exported.';
  static override description =
    "What is over there is over here at once. Grants that this gateway refused because the forge does not show it an approval any more are judged again, by its own rules, with what the peer saw; in plain git there are none. The peer's key has to be in trustRoot.peers of gateway.yaml. Changes of the rules are never let in by it: owners do that, with `gateway admit`. Ends with 1 when a grant is still refused or not judged, or the gateway judges nothing new now.";
  static override args = {
    file: Args.string({ description: 'The file; - reads standard input.', required: true }),
  };
  static override flags = { ...socketFlag, ...formatFlag };
  static override examples = [
    { description: 'From a file.', command: '<%= config.bin %> gateway evidence import gw-eu.note' },
    { description: 'For a program.', command: '<%= config.bin %> gateway evidence import gw-eu.note --format json' },
  ];

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(GatewayEvidenceImport);
    const { readNote } = await import('../../../actions/read-note.ts');
    const { GatewayClient } = await import('../../../actions/gateway-client.ts');
    const { evidencePretty, isAllTaken } = await import('../../../output/evidence-result.ts');
    const taken = await new GatewayClient(flags.socket).takeEvidence(await readNote(args.file));
    if (flags.format === 'json') this.print(JSON.stringify(taken, null, 2));
    else this.show(evidencePretty(taken, this.style));
    this.finish(isAllTaken(taken) ? exitCodes.ok : exitCodes.problems);
  }
}
