import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../core/clock/clock.ts';
import { parseDuration } from '../../core/clock/duration.ts';
import { exitCodes } from '../output/error.ts';
import { formatFlag, keyFlag, repoFlags, socketFlag } from '../output/repo-flags.ts';
import { SluiceCommand } from '../output/sluice-command.ts';

/** `sluice doctor` */
export class Doctor extends SluiceCommand {
  static override summary =
    'Check what Sluice needs around it: git, the policy repo, your key, identity providers, brokers, a gateway.';
  static override description =
    'Each check says what it did, what it found and what to do. Nothing is changed. Ends with 1 when a check failed.';
  static override flags = {
    ...repoFlags,
    ...keyFlag,
    ...socketFlag,
    issuer: Flags.string({
      description: 'OpenID issuer to ask; those of the Identities if left out.',
      helpValue: 'URL',
      multiple: true,
    }),
    broker: Flags.string({ description: 'Broker to connect to.', helpValue: 'HOST:PORT', multiple: true }),
    timeout: Flags.string({ description: 'The most that a check may take.', default: '10s', helpValue: 'DURATION' }),
    ...formatFlag,
  };
  static override examples = [
    { description: 'Before the first request.', command: '<%= config.bin %> doctor' },
    {
      description: 'On the machine of a gateway, for a program.',
      command: '<%= config.bin %> doctor --broker localhost:9092 --socket ./admin.sock --format json',
    },
  ];

  override async run(): Promise<void> {
    const { flags, metadata } = await this.parse(Doctor);
    const { runDoctor } = await import('../actions/doctor.ts');
    const { doctorPretty } = await import('../output/doctor-result.ts');
    const report = await runDoctor({
      workspace: { ...flags, genesis: flags.genesis, key: flags.key, clock: systemClock },
      issuers: flags.issuer ?? [],
      brokers: flags.broker ?? [],
      socket: flags.socket,
      socketWanted: !metadata.flags['socket']?.setFromDefault,
      timeout: parseDuration(flags.timeout),
    });
    if (flags.format === 'json') this.print(JSON.stringify(report, null, 2));
    else this.show(doctorPretty(report, this.style));
    this.finish(report.ok ? exitCodes.ok : exitCodes.problems);
  }
}
