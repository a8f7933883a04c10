import { VerdictCommand } from '../../output/verdict-command.ts';

/** `sluice approval sign NAME` */
export class ApprovalSign extends VerdictCommand {
  static override summary = 'Approve a request with your signature.';
  static override examples = [
    {
      description: 'Look, then decide.',
      command: '<%= config.bin %> approval sign 2026-11-24-alice-payments-1f2e3d',
    },
    {
      description: 'Without a question.',
      command: '<%= config.bin %> approval sign 2026-11-24-alice-payments-1f2e3d --yes --key ~/.ssh/id_ed25519',
    },
  ];
  protected override readonly verdict = 'approve';
}
