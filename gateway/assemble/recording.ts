import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { logOrigin } from '../../core/audit/checkpoint.ts';
import { findLogs } from '../../core/audit/recording-folder.ts';
import type { NoteSigner } from '../../core/audit/signed-note.ts';
import type { Clock } from '../../core/clock/clock.ts';
import type { GatewayConfig } from '../config/gateway-config.ts';
import { Recorder } from '../recorder/recorder.ts';
import type { Logger } from '../telemetry/logger.ts';
import { partName } from './part-name.ts';
import { version } from './version.ts';

/**
 * The log of one process of a gateway: in `recordings/<gateway>`, a worker's in a folder of its number below it, with
 * an origin below the gateway's.
 */
export async function openRecorder(options: {
  readonly config: GatewayConfig;
  /** Number of the worker; undefined = the gateway's own log. */
  readonly worker?: string;
  readonly signer: NoteSigner;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onHealth: (healthy: boolean, message: string) => void;
  readonly onDrain: () => void;
}): Promise<Recorder> {
  const { config, worker, signer, clock, log, onHealth, onDrain } = options;
  return Recorder.open({
    folder: join(config.recording.dir, config.name, worker ?? ''),
    gw: partName(config.name, worker),
    origin: logOrigin(config.name, worker),
    signer,
    clock,
    version,
    onDrain,
    onHealth: (healthy, error) => {
      onHealth(healthy, error?.message ?? 'the recording is written');
      if (!healthy) log.error('the recording cannot be written: nothing that must be recorded goes on', { error });
    },
  });
}

/** Whether this gateway has lived before. */
export function hasRecordings({ recording, name }: Pick<GatewayConfig, 'recording' | 'name'>): boolean {
  const folder = join(recording.dir, name);
  return existsSync(folder) && findLogs(folder).length > 0;
}
