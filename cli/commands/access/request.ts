import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../../core/clock/clock.ts';
import { InputError } from '../../../core/errors/sluice-error.ts';
import type { KnownWords } from '../../actions/offered-access.ts';
import type { Workspace } from '../../actions/open-workspace.ts';
import type { PreparedAccess } from '../../actions/request-access.ts';
import type { RequestWords } from '../../actions/request-words.ts';
import type { Prompts } from '../../output/prompts.ts';
import { operations } from '../../output/question-flags.ts';
import { formatFlag, keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { styleFor } from '../../output/style.ts';
import { WaitingCommand, waitFlags } from '../../output/waiting-command.ts';

/** `sluice access request` */
export class AccessRequest extends WaitingCommand {
  static override summary = 'Ask for access to a stream for a while.';
  static override description =
    'Writes the grant, signs it with your key and opens a request on the policy repo. It says who has to approve. Nothing is granted until a gateway has admitted the merged request. On a terminal it asks for what the flags leave out, offers only what you may ask for, and shows the request before it is sent.';
  static override flags = {
    stream: Flags.string({ description: 'Stream; may be repeated.', multiple: true, default: [] }),
    operation: Flags.option({
      options: operations,
      description: 'What to do with it; may be repeated.',
      multiple: true,
      default: [],
    })(),
    for: Flags.string({ description: 'How long, like 2h, 30m or PT2H.', helpValue: 'DURATION' }),
    reason: Flags.string({ description: 'Why, for the approvers and the audit log.' }),
    topic: Flags.string({
      description:
        'Only this topic, or all that begin so (`orders.*`); may be repeated. All of the streams if left out.',
      multiple: true,
      default: [],
    }),
    group: Flags.string({
      description: 'Only this consumer group, or all that begin so; may be repeated. All that are offered if left out.',
      multiple: true,
      default: [],
    }),
    'transactional-id': Flags.string({
      description:
        'Only this transactional id, or all that begin so; may be repeated. All that are offered if left out.',
      multiple: true,
      default: [],
    }),
    ticket: Flags.string({ description: 'A ticket or incident.' }),
    subject: Flags.string({ description: 'Who gets it, when it is not you: another person or a workload.' }),
    policy: Flags.string({ description: 'Under which policy, when more than one offers it.' }),
    'not-before': Flags.string({ description: 'Earliest start, as RFC 3339.', helpValue: 'TIME' }),
    'first-use-by': Flags.string({
      description:
        'Start at your first login at the gateway after the merge; it is over by this time (RFC 3339), used or not. Only where one gateway follows the repo.',
      helpValue: 'TIME',
    }),
    'dry-run': Flags.boolean({ description: 'Show the request and send nothing.', default: false }),
    ...waitFlags,
    ...repoFlags,
    ...keyFlag,
    ...formatFlag,
  };
  static override examples = [
    {
      description: 'Be asked for everything (on a terminal).',
      command: '<%= config.bin %> access request',
    },
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
    const { for: duration, reason } = flags;
    const missing = [
      ...(['stream', 'operation'] as const).filter((flag) => flags[flag].length === 0),
      ...(['for', 'reason'] as const).filter((flag) => flags[flag] === undefined),
    ];
    if (duration !== undefined && reason !== undefined && missing.length === 0) {
      const { wishOf } = await import('../../actions/request-words.ts');
      const { prepareAccess } = await import('../../actions/request-access.ts');
      const wish = wishOf({ ...flags, for: duration, reason });
      await this.ask(flags, async (workspace) => prepareAccess(workspace, wish, systemClock));
      return;
    }
    if (!this.canAsk) {
      throw new InputError('BadUsage', `the request does not say ${missing.map((flag) => `--${flag}`).join(', ')}`, {
        why: 'there is no terminal to ask on',
        fix: 'give every flag; sluice access request --help says what each means',
      });
    }
    const { openPrompts } = await import('../../output/prompts.ts');
    const prompts = await openPrompts(this.errorColors);
    let repeat = '';
    await this.ask(
      flags,
      async (workspace) => {
        const { words, command } = await this.#interview(workspace, flags, prompts);
        repeat = command;
        const { wishOf } = await import('../../actions/request-words.ts');
        const { prepareAccess } = await import('../../actions/request-access.ts');
        return prepareAccess(workspace, wishOf(words), systemClock);
      },
      (prepared) => this.#agree(prepared, flags['dry-run'], repeat, prompts),
    );
  }

  /** The words that are missing, asked for; and the command that says all of them. */
  async #interview(
    { rules, signer, signerFix }: Workspace,
    known: KnownWords,
    prompts: Prompts,
  ): Promise<{ readonly words: RequestWords; readonly command: string }> {
    const { OfferedAccess } = await import('../../actions/offered-access.ts');
    const { askForRequest } = await import('../../output/request-questions.ts');
    const { commandLine } = await import('../../output/command-line.ts');
    if (!signer) throw new InputError('BadKey', 'whose request is it?', { fix: signerFix });
    const offered = new OfferedAccess(rules, signer.name, systemClock);
    const { words, answers } = await askForRequest(known, offered, prompts);
    return { words, command: commandLine(['access', 'request', ...this.argv], answers) };
  }

  /** Shows what would be sent, and goes on when that is meant. */
  async #agree(prepared: PreparedAccess, dryRun: boolean, repeat: string, prompts: Prompts): Promise<void> {
    const { preparedPretty } = await import('../../output/access-result.ts');
    this.tellShown(`\n${preparedPretty(prepared, styleFor(this.errorColors), this.width)}`);
    this.tellShown(`The same without questions:\n  ${repeat}\n`);
    if (dryRun) return;
    const sends = await prompts.confirm({ message: 'Send the request?', default: true });
    if (!sends) throw new InputError('BadUsage', 'nothing was sent');
  }
}
