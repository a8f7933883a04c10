import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../../core/clock/clock.ts';
import { parseDuration } from '../../../core/clock/duration.ts';
import { AccessError, InputError } from '../../../core/errors/sluice-error.ts';
import type { EmergencyWish } from '../../actions/break-glass.ts';
import { operations } from '../../output/question-flags.ts';
import { formatFlag, keyFlag, repoFlags } from '../../output/repo-flags.ts';
import { SluiceCommand } from '../../output/sluice-command.ts';
import { visible } from '../../output/style.ts';

/** `sluice access break-glass` */
export class AccessBreakGlass extends SluiceCommand {
  static override summary = 'Access now, in an emergency, with the review afterwards.';
  static override description =
    "Signs a BreakGlass document with your SSH key and opens a request with it. Gateways look at that branch: what your policy offers in an emergency is yours as soon as one has seen it, for a short time, masked and recorded, and the policy's groups are to know. Merging the request with the approvals that a grant would have needed is the review; while one is overdue you have no emergencies. Where git or the forge is down, hand it to a gateway itself with --socket.";
  static override flags = {
    stream: Flags.string({ description: 'Stream. Repeatable; all on one cluster.', required: true, multiple: true }),
    operation: Flags.option({
      options: operations,
      description: 'What you need to do. Repeatable.',
      required: true,
      multiple: true,
    })(),
    for: Flags.string({ description: 'How long, like 20m or PT20M.', required: true, helpValue: 'DURATION' }),
    reason: Flags.string({ description: 'Why; shown to reviewers.', required: true }),
    ticket: Flags.string({ description: 'A ticket or incident.' }),
    policy: Flags.string({ description: 'Policy to use, when more than one has it for emergencies.' }),
    socket: Flags.string({
      description: "A gateway's admin.socket: hand it to that gateway, without git. Needs --as and --policy.",
      helpValue: 'PATH',
    }),
    as: Flags.string({ description: 'With --socket: name of your Identity.', dependsOn: ['socket'] }),
    'dry-run': Flags.boolean({
      description: 'Show the document and send nothing.',
      default: false,
      exclusive: ['socket'],
    }),
    ...repoFlags,
    ...keyFlag,
    ...formatFlag,
  };
  static override examples = [
    {
      description: 'Refunds are stuck and everybody who could approve is asleep.',
      command:
        '<%= config.bin %> access break-glass --stream payments --operation consume --for 20m --reason "INC-4711: refunds are stuck"',
    },
    {
      description: 'The forge is down as well: on the machine of a gateway.',
      command:
        '<%= config.bin %> access break-glass --stream payments --operation consume --for 20m --reason "INC-4711" --policy payments-read-on-request --as alice --key ~/.ssh/id_ed25519 --socket /run/sluice/admin.sock',
    },
  ];

  override async run(): Promise<void> {
    const { flags } = await this.parse(AccessBreakGlass);
    const wish: EmergencyWish = {
      streams: flags.stream,
      operations: flags.operation,
      duration: parseDuration(flags.for),
      reason: flags.reason,
      ticket: flags.ticket,
      policy: flags.policy,
    };
    if (flags.socket === undefined) await this.#byRequest(flags, wish);
    else await this.#byGateway({ ...flags, socket: flags.socket }, wish);
  }

  async #byRequest(
    flags: {
      readonly repo: string;
      readonly branch: string;
      readonly genesis?: string | undefined;
      readonly key?: string | undefined;
      readonly format: 'pretty' | 'json';
      readonly 'dry-run': boolean;
    },
    wish: EmergencyWish,
  ): Promise<void> {
    const { findSigner, openWorkspace } = await import('../../actions/open-workspace.ts');
    const { openEmergency, signEmergency } = await import('../../actions/break-glass.ts');
    const { emergencyMarkdown } = await import('../../output/emergency-result.ts');
    await using workspace = await openWorkspace({
      ...flags,
      genesis: flags.genesis,
      key: flags.key,
      clock: systemClock,
    });
    const key = await findSigner(workspace.rules, flags.key);
    if (!key) {
      throw new InputError('BadKey', 'whose emergency is it?', {
        fix: 'give --key FILE, the SSH private key whose public half is in your Identity',
      });
    }
    const signed = await signEmergency(workspace, wish, key, systemClock);
    const opened = flags['dry-run']
      ? undefined
      : await openEmergency(workspace, signed, emergencyMarkdown(signed, wish));
    if (flags.format === 'json') this.print(JSON.stringify({ ...signed, ...opened }, null, 2));
    else if (!opened) {
      this.show(`${this.style.yellow('Nothing was sent (dry run). The document would be:')}\n\n${signed.yaml}`);
    } else {
      this.show(
        [
          `${this.style.green('Signed and sent:')} ${signed.name}`,
          'It is in force as soon as a gateway has seen it; sluice gateway status shows it.',
          opened.url === undefined
            ? `Reviewers run: sluice approval sign ${signed.name}, then sluice approval merge ${signed.name}`
            : `Have it reviewed and merged at: ${visible(opened.url)}`,
        ].join('\n'),
      );
    }
  }

  async #byGateway(
    flags: {
      readonly socket: string;
      readonly as?: string | undefined;
      readonly key?: string | undefined;
      readonly format: 'pretty' | 'json';
    },
    wish: EmergencyWish,
  ): Promise<void> {
    const { as, key, socket } = flags;
    const { policy } = wish;
    if (as === undefined || key === undefined || policy === undefined) {
      throw new InputError('BadUsage', 'without the policy repo nothing can be looked up', {
        fix: 'give --as, --policy and --key too',
      });
    }
    const { GatewayClient } = await import('../../actions/gateway-client.ts');
    const { handOver } = await import('../../actions/break-glass.ts');
    const gateway = new GatewayClient(socket);
    const { signed, verdict } = await handOver(gateway, { ...wish, policy }, { name: as, keyFile: key }, systemClock);
    if (flags.format === 'json') this.print(JSON.stringify({ ...signed, verdict }, null, 2));
    if (!verdict.admitted)
      throw new AccessError('NotEligible', 'the gateway did not admit it', { why: verdict.message });
    if (flags.format === 'json') return;
    this.show(
      [
        `${this.style.green('In force:')} ${signed.name}, ${visible(verdict.message)}`,
        `Bring ${signed.file} to the policy repo for its review when that can be reached again:`,
        '',
        signed.yaml,
      ].join('\n'),
    );
  }
}
