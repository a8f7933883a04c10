import type { Recorder } from '../recorder/recorder.ts';
import type { Conditions } from '../telemetry/conditions.ts';
import { WorkerPool, type WorkerPoolOptions } from '../workers/worker-pool.ts';
import { PartsHealth, workerWords } from './parts-health.ts';

/** A pool of workers whose health is shown as conditions, and whose events are in the gateway's own log. */
export function workersOf(
  options: Omit<WorkerPoolOptions, 'append' | 'onBrokerHealth' | 'onRecorderHealth' | 'onWorkerHealth'> & {
    readonly conditions: Conditions;
    readonly recorder: Recorder;
    readonly brokers: PartsHealth;
    readonly recording: PartsHealth;
  },
): WorkerPool {
  const { conditions, recorder, brokers, recording, ...same } = options;
  const running = new PartsHealth(conditions, workerWords);
  return new WorkerPool({
    ...same,
    append: (event) => recorder.append(event),
    onBrokerHealth: (part, healthy, message) => brokers.set(part, healthy, message),
    onRecorderHealth: (part, healthy, message) => recording.set(part, healthy, message),
    onWorkerHealth: (part, healthy, message) => running.set(part, healthy, message),
  });
}
