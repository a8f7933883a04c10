import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../../core/clock/clock.ts';
import { parseDuration } from '../../../core/clock/duration.ts';
import { parseInstant } from '../../../core/clock/instant.ts';
import { formatFlag, keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { WaitingCommand, waitFlags } from '../../output/waiting-command.ts';

const operations = ['consume', 'produce', 'describe', 'alter', 'create', 'delete', 'offsets', 'admin'] as const;

/** `sluice access request` */
export class AccessRequest extends WaitingCommand {
  static override summary = 'Ask for access to a stream for a while.';
  static override description =
    'Writes the grant, signs it with your key and opens a request on the policy repo. It says who has to approve. Nothing is granted until a gateway has admitted the merged request.';
  static override flags = {
    stream: Flags.string({ description: 'Stream; may be repeated.', multiple: true, required: true }),
    operation: Flags.option({
      options: operations,
      description: 'What to do with it; may be repeated.',
      multiple: true,
      required: true,
    })(),
    for: Flags.string({ description: 'How long, like 2h, 30m or PT2H.', required: true, helpValue: 'DURATION' }),
    reason: Flags.string({ description: 'Why, for the approvers and the audit log.', required: true }),
    ticket: Flags.string({ description: 'A ticket or incident.' }),
    subject: Flags.string({ description: 'Who gets it, when it is not you: another person or a workload.' }),
    policy: Flags.string({ description: 'Under which policy, when more than one offers it.' }),
    'not-before': Flags.string({ description: 'Earliest start, as RFC 3339.', helpValue: 'TIME' }),
    'dry-run': Flags.boolean({ description: 'Show the request and send nothing.', default: false }),
    ...waitFlags,
    ...repoFlags,
    ...keyFlag,
    ...formatFlag,
  };
  static override examples = [
    {
      description: 'Read payments for two hours.',
      command:
        '<%= config.bin %> access request --stream payments --operation consume --for 2h --reason INC-4711 --repo ssh://git@git.example.com/access.git',
    },
    {
      description: 'See what would be asked for.',
      command:
        '<%= config.bin %> access request --stream payments --operation consume --for 30m --reason "refund check" --dry-run',
    },
  ];

  override async run(): Promise<void> {
    const { flags } = await this.parse(AccessRequest);
    const duration = parseDuration(flags.for);
    const { prepareAccess } = await import('../../actions/request-access.ts');
    const wish = {
      streams: flags.stream,
      operations: flags.operation,
      duration,
      reason: flags.reason,
      ticket: flags.ticket,
      subject: flags.subject,
      policy: flags.policy,
      notBefore: flags['not-before'] === undefined ? undefined : parseInstant(flags['not-before']),
    };
    await this.ask(flags, async (workspace) => prepareAccess(workspace, wish, systemClock));
  }
}
