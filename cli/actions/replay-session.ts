import { findLogs } from '../../core/audit/recording-folder.ts';
import { type Replay, replaySession } from '../../core/audit/replay.ts';
import { InputError } from '../../core/errors/sluice-error.ts';

export interface ReplaySessionInput {
  readonly folder: string;
  readonly session: string;
  /** Most entries to list; the totals count all. */
  readonly limit?: number;
}

/** `sluice audit replay`: what one session did, in order. */
export function replayRecordedSession(input: ReplaySessionInput): Replay {
  const replay = replaySession(input.folder, input.session, input.limit);
  if (replay) return replay;
  const empty = findLogs(input.folder).length === 0;
  throw new InputError(
    'BadUsage',
    empty ? 'there is no recording in this folder' : 'no such session is recorded here',
    {
      at: input.folder,
      fix: empty ? 'give the recordings folder of the gateway with --recordings' : 'sluice gateway sessions lists ids',
    },
  );
}
