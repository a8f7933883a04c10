import { systemClock } from '../../../core/clock/clock.ts';
import { keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice gateway genesis` */
export class GatewayGenesis extends SluiceCommand {
  static override summary = "Print the trustRoot.genesis of a policy repo, for a gateway's configuration.";
  static override description =
    'Read the rules of this commit before you trust it: a new gateway believes them, and judges every later step.';
  static override flags = { ...repoFlags, ...keyFlag };
  static override examples = [
    { description: 'Print it.', command: '<%= config.bin %> gateway genesis --repo ./policies.git' },
  ];

  override async run(): Promise<void> {
    const { flags } = await this.parse(GatewayGenesis);
    const { openWorkspace } = await import('../../actions/open-workspace.ts');
    await using workspace = await openWorkspace({
      ...flags,
      genesis: flags.genesis,
      key: flags.key,
      clock: systemClock,
    });
    const { id, tree } = await workspace.clone.commit(workspace.genesis);
    const forge = workspace.rules.repo?.forge;
    const where =
      forge &&
      `forge:\n  kind: ${forge.kind}\n  url: ${forge.url}\n  repo: ${forge.repo}\n  repoId: ${workspace.repoId}`;
    this.print([`genesis:\n  commit: ${id}\n  tree: ${tree}`, where].filter((part) => part !== undefined).join('\n'));
  }
}
