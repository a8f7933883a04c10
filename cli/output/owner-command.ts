import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../core/clock/clock.ts';
import { InputError } from '../../core/errors/sluice-error.ts';
import { formatFlag, socketFlag } from './repo-flags.ts';
import { SluiceCommand } from './sluice-command.ts';
import { visible } from './style.ts';

/** What `gateway admit` and `gateway baseline` share: see what is to be signed, sign it, hand over what was signed. */
export abstract class OwnerCommand extends SluiceCommand {
  static override args = { commit: Args.string({ description: 'The commit; not with --wish.' }) };
  static override flags = {
    key: Flags.string({ description: "An owner's SSH private key: sign with it.", helpValue: 'FILE' }),
    signed: Flags.string({
      description: 'What another owner signed, from --out. Repeatable.',
      multiple: true,
      default: [],
      helpValue: 'FILE',
    }),
    wish: Flags.string({
      description: 'Sign this, which a gateway printed with --format json, where no gateway can be reached.',
      helpValue: 'FILE',
      dependsOn: ['key', 'out'],
      exclusive: ['signed'],
    }),
    out: Flags.string({
      description: 'Write what --key signs to a new file, for whoever hands it to the gateway.',
      helpValue: 'FILE',
      dependsOn: ['key'],
    }),
    ...socketFlag,
    ...formatFlag,
  };

  protected abstract readonly kind: 'admit' | 'baseline';
  /** What signing it means, for whoever is about to. */
  protected abstract readonly meaning: string;

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(OwnerCommand);
    const { commit } = args;
    const { key, wish: wishFile, out } = flags;
    if ((commit === undefined) === (wishFile === undefined))
      throw new InputError('BadUsage', 'which commit?', { fix: 'name it, or give a file with --wish, not both' });
    const { readSigned, readWish, signWish, writeSigned } = await import('../actions/owner-statements.ts');
    const { GatewayClient } = await import('../actions/gateway-client.ts');
    const gateway = new GatewayClient(flags.socket);
    const wish =
      wishFile === undefined ? await gateway.ownerWish(this.kind, commit ?? '') : await readWish(wishFile, this.kind);
    const signed = await Promise.all(flags.signed.map(readSigned));
    if (key !== undefined) signed.push(await signWish(wish, key, systemClock));
    if (out !== undefined) {
      await writeSigned(out, signed.at(-1)!);
      this.print(`${this.style.green('Signed:')} ${this.meaning} ${wish.commit} (${visible(out)})`);
      return;
    }
    if (signed.length === 0) {
      if (flags.format === 'json') this.print(JSON.stringify(wish, null, 2));
      else {
        this.show(
          [
            `To be signed by the owners: ${this.meaning} ${wish.commit} of repo ${wish.repoId}, branch ${wish.branch}`,
            ...(wish.tombstones === '' ? [] : [`  revocations that hold from then on: ${wish.tombstones}`]),
            `With a key here: sluice gateway ${this.kind} ${wish.commit.slice(0, 12)} --key FILE`,
            `Elsewhere: take this with --format json, sign it with --wish, --key and --out, hand it over with --signed.`,
          ].join('\n'),
        );
      }
      return;
    }
    const done = await gateway.ownersSigned(this.kind, wish.commit, signed);
    this.print(
      flags.format === 'json'
        ? JSON.stringify(done, null, 2)
        : `${this.style.green('Done:')} ${this.meaning} ${done.commit.slice(0, 12)}`,
    );
  }
}
