import type { Conditions } from '../telemetry/conditions.ts';

/** One condition for all clusters: healthy when every one of them answers, else with what each of the others says. */
export class BrokerHealth {
  readonly #conditions: Conditions;
  readonly #sick = new Map<string, string>();

  constructor(conditions: Conditions) {
    this.#conditions = conditions;
  }

  set(cluster: string, healthy: boolean, message: string): void {
    if (healthy) this.#sick.delete(cluster);
    else this.#sick.set(cluster, message);
    const problems = [...this.#sick].map(([name, why]) => `${name}: ${why}`);
    if (problems.length === 0) this.#conditions.set('BrokerHealthy', 'True', 'Answering', 'every cluster answers');
    else this.#conditions.set('BrokerHealthy', 'False', 'Unreachable', problems.join('; '));
  }
}
