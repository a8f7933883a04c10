import type { Condition } from '../../core/model/condition.ts';
import type { Conditions } from '../telemetry/conditions.ts';

/** The words of one condition. */
export interface HealthWords {
  readonly type: Condition['type'];
  readonly well: { readonly reason: string; readonly message: string };
  readonly ill: { readonly reason: string };
}

export const brokerWords: HealthWords = {
  type: 'BrokerHealthy',
  well: { reason: 'Answering', message: 'every cluster answers' },
  ill: { reason: 'Unreachable' },
};

export const recorderWords: HealthWords = {
  type: 'RecorderHealthy',
  well: { reason: 'Writing', message: 'the recording is written' },
  ill: { reason: 'RecorderFailed' },
};

export const workerWords: HealthWords = {
  type: 'WorkersRunning',
  well: { reason: 'Running', message: 'every worker runs' },
  ill: { reason: 'WorkerDown' },
};

export const secretWords: HealthWords = {
  type: 'SecretsReadable',
  well: { reason: 'Read', message: 'the files of the secrets that the forge and the gateway share can be read' },
  ill: { reason: 'SecretUnreadable' },
};

/** One condition for many parts: true when every one of them is well, else with what each of the others says. */
export class PartsHealth {
  readonly #conditions: Conditions;
  readonly #words: HealthWords;
  readonly #ill = new Map<string, string>();

  constructor(conditions: Conditions, words: HealthWords) {
    this.#conditions = conditions;
    this.#words = words;
  }

  /** What is wrong; undefined when nothing is. */
  get trouble(): string | undefined {
    return this.#ill.size === 0 ? undefined : [...this.#ill].map(([part, why]) => `${part}: ${why}`).join('; ');
  }

  set(part: string, healthy: boolean, message: string): void {
    if (healthy) this.#ill.delete(part);
    else this.#ill.set(part, message);
    const { type, well, ill } = this.#words;
    const { trouble } = this;
    if (trouble === undefined) this.#conditions.set(type, 'True', well.reason, well.message);
    else this.#conditions.set(type, 'False', ill.reason, trouble);
  }
}
