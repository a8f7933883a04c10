import { systemClock } from '../../../core/clock/clock.ts';
import { formatFlag, keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';

/** `sluice access list` */
export class AccessList extends SluiceCommand {
  static override summary = 'List open requests and merged grants.';
  static override description = 'Newest first. States are judged with the function the gateway uses.';
  static override flags = { ...repoFlags, ...keyFlag, ...formatFlag };
  static override examples = [
    {
      description: 'What is open, what is live?',
      command: '<%= config.bin %> access list --repo ssh://git@git.example.com/access.git',
    },
    { description: 'For a program.', command: '<%= config.bin %> access list --format json' },
  ];

  override async run(): Promise<void> {
    const { flags } = await this.parse(AccessList);
    const { openWorkspace } = await import('../../actions/open-workspace.ts');
    const { listAccess } = await import('../../actions/access-status.ts');
    const { listPretty, statusJson } = await import('../../output/access-result.ts');
    await using workspace = await openWorkspace({
      ...flags,
      genesis: flags.genesis,
      key: flags.key,
      clock: systemClock,
    });
    const all = await listAccess(workspace, systemClock);
    this.print(flags.format === 'json' ? statusJson(all) : listPretty(all, this.style));
  }
}
