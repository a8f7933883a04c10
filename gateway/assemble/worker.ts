import type { StopEvent } from '../../core/audit/event.ts';
import { type Clock, sleep } from '../../core/clock/clock.ts';
import { BugError } from '../../core/errors/sluice-error.ts';
import { recordingSigner } from '../config/key-files.ts';
import type { Recorder } from '../recorder/recorder.ts';
import { createLogger } from '../telemetry/logger.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { Channel, type Port } from '../workers/channel.ts';
import type { ControlSide, WorkerSide } from '../workers/worker-calls.ts';
import { DataPath } from './data-path.ts';
import { maskersFor } from './maskers.ts';
import { partName } from './part-name.ts';
import { openRecorder } from './recording.ts';

const answerWithin = 60_000;
/** Without control nothing is served any more; so long the recording and the brokers are put in order. */
const endWithin = 2_000;

/**
 * A data worker: does what control says through the channel, and ends when it says so or is gone. Resolves when there
 * is nothing left to do.
 */
export async function runWorker(
  port: Port & { once(event: 'disconnect', listener: () => void): unknown },
  clock: Clock,
): Promise<void> {
  const over = Promise.withResolvers<void>();
  const metrics = new Metrics();
  let running: { readonly path: DataPath; readonly recorder: Recorder } | undefined;
  let ending: Promise<void> | undefined;
  const path = (): DataPath => {
    if (!running || ending !== undefined)
      throw new BugError('a worker was told to work before it was opened, or after its end');
    return running.path;
  };
  const end = (reason: StopEvent['reason']): Promise<void> => {
    ending ??= (async () => {
      await running?.path[Symbol.asyncDispose](); // which cuts every connection in this turn
      await running?.recorder.close(reason);
    })();
    return ending;
  };
  const channel = new Channel<WorkerSide, ControlSide>(
    port,
    {
      async open(config, worker) {
        const log = createLogger(config.logLevel, partName(config.name, worker));
        const recorder = await openRecorder({
          config,
          worker,
          signer: await recordingSigner(config.name, config.recording.keyFile),
          clock,
          log,
          onHealth: (healthy, message) => channel.tell('recorderHealth', healthy, message),
          onDrain: () => running?.path.resume(),
        });
        const opened = new DataPath({
          config,
          worker,
          clock,
          log,
          metrics,
          recorder,
          maskers: await maskersFor(config.maskKeyFile),
          lastFetch: undefined,
          onDebt: (cluster, user) => channel.tell('debt', cluster, user),
          onSettled: (cluster, user) => channel.tell('settled', cluster, user),
          onFirstUse: (subject, cluster) => channel.call('firstUse', [subject, cluster], answerWithin),
          onHealth: (cluster, healthy, message) => channel.tell('brokerHealth', cluster, healthy, message),
          portFor: (cluster, nodeId) => channel.call('portFor', [cluster, nodeId], answerWithin),
        });
        running = { path: opened, recorder };
      },
      async start({ snapshot, lastFetch, leftOver }) {
        if (snapshot) void path().apply(snapshot);
        if (lastFetch !== undefined) path().fetched(lastFetch);
        path().leftOver(leftOver);
        await path().listen();
      },
      prepare: (next) => path().prepare(next),
      apply: (next) => path().apply(next),
      fetched: (at) => path().fetched(at),
      leftOver: (counts) => path().leftOver(counts),
      async report() {
        const { clusters, sessions } = await path().report();
        return { clusters, sessions, metrics: await metrics.values() };
      },
      sessions: () => path().sessions(),
      kill: (session) => path().kill(session),
      async stop() {
        await end('signal');
        over.resolve();
      },
    },
    clock,
  );
  port.once('disconnect', () => {
    const done = end('error').catch(() => undefined);
    void Promise.race([done, sleep(clock, endWithin)]).then(() => over.resolve());
  });
  channel.tell('hello');
  await over.promise;
}
