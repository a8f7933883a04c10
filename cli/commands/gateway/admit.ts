import { OwnerCommand } from '../../output/owner-command.ts';

/** `sluice gateway admit COMMIT` */
export class GatewayAdmit extends OwnerCommand {
  static override summary = 'Let a change of the rules in that the gateway refused, by the signatures of its owners.';
  static override description =
    'For a change that was pushed or merged without the approvals that it needs, and is to stay. The rules at the commit, which is the refused one or a later one, take effect as they are there; look at them with sluice plan first. A revocation that such a commit removed is not lifted by it.';
  static override examples = [
    { description: 'What is there to sign?', command: '<%= config.bin %> gateway admit 1f2e3d4c5b6a' },
    {
      description: 'As an owner who has the key here.',
      command: '<%= config.bin %> gateway admit 1f2e3d4c5b6a --key ~/.ssh/id_ed25519',
    },
    {
      description: 'As an owner elsewhere, from what the gateway printed with --format json.',
      command: '<%= config.bin %> gateway admit --wish wish.json --key ~/.ssh/id_ed25519 --out olga.json',
    },
    {
      description: 'Hand over what two owners signed.',
      command: '<%= config.bin %> gateway admit 1f2e3d4c5b6a --signed olga.json --signed paul.json',
    },
  ];
  protected override readonly kind = 'admit';
  protected override readonly meaning = 'rules are those of commit';
}
