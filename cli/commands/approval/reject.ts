import { VerdictCommand } from '../../output/verdict-command.ts';

/** `sluice approval reject NAME` */
export class ApprovalReject extends VerdictCommand {
  static override summary = 'Reject a request; it stops the request while it stands.';
  static override examples = [
    {
      description: 'Look, then decide.',
      command: '<%= config.bin %> approval reject 2026-11-24-alice-payments-1f2e3d',
    },
    {
      description: 'Without a question.',
      command: '<%= config.bin %> approval reject 2026-11-24-alice-payments-1f2e3d --yes --key ~/.ssh/id_ed25519',
    },
  ];
  protected override readonly verdict = 'reject';
}
