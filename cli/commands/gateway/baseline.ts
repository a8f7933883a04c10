import { OwnerCommand } from '../../output/owner-command.ts';

/** `sluice gateway baseline COMMIT` */
export class GatewayBaseline extends OwnerCommand {
  static override summary = 'Have the gateway judge anew from a commit on, by the signatures of its owners.';
  static override description =
    'For a branch whose history was rewritten, and for a gateway whose state was lost. The rules at the commit take effect; every revocation that the gateway knows, and those of the commit, go on. Approvals and signatures from before count for nothing new, and grants whose documents are there are not admitted again.';
  static override examples = [
    { description: 'What is there to sign?', command: '<%= config.bin %> gateway baseline 1f2e3d4c5b6a' },
    {
      description: 'As an owner who has the key here.',
      command: '<%= config.bin %> gateway baseline 1f2e3d4c5b6a --key ~/.ssh/id_ed25519',
    },
    {
      description: 'Hand over what two owners signed elsewhere.',
      command: '<%= config.bin %> gateway baseline 1f2e3d4c5b6a --signed olga.json --signed paul.json',
    },
  ];
  protected override readonly kind = 'baseline';
  protected override readonly meaning = 'judging begins at commit';
}
