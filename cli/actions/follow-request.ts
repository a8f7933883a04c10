import { type Clock, sleep } from '../../core/clock/clock.ts';
import { formatInstant } from '../../core/clock/instant.ts';
import { InputError, UpstreamError } from '../../core/errors/sluice-error.ts';
import type { GrantStatus } from '../../core/model/admin-api.ts';
import { type AccessStatus, accessStatus } from './access-status.ts';
import { GatewayClient } from './gateway-client.ts';
import { openWorkspace, type WorkspaceOptions } from './open-workspace.ts';

export interface FollowOptions {
  readonly workspace: WorkspaceOptions;
  readonly name: string;
  /** The gateway's admin socket; asked once the request is merged. */
  readonly socket: string;
  /** ms. */
  readonly timeout: number;
  readonly clock: Clock;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
  /** Gets each step once. */
  readonly tell: (step: string) => void;
}

export interface Followed {
  /** As it was seen last; undefined when it was never seen. */
  readonly status: AccessStatus | undefined;
  readonly outcome: 'settled' | 'withdrawn' | 'timeout' | 'interrupted';
  /** From the merge to the moment a gateway was seen to enforce it, in ms; undefined when no gateway could be asked. */
  readonly mergeToEffect: number | undefined;
}

/** ms between two looks: at the repo, and at a gateway that has a merge to admit. */
const every = { repo: 2000, gateway: 250 } as const;

/** Follows a request until a gateway, or where none answers the repo's own rules, say what became of it. */
export async function followRequest(options: FollowOptions): Promise<Followed> {
  const { clock, timeout, signal } = options;
  const end = clock.monotonic() + timeout;
  const steps = new Steps(options.tell);
  let status: AccessStatus | undefined;
  const over = (outcome: Followed['outcome'], mergeToEffect?: number): Followed => ({ status, outcome, mergeToEffect });
  try {
    for (;;) {
      const seen = await look(options);
      if (!seen) return over('withdrawn');
      status = seen;
      steps.say(status);
      if (status.rejectedBy.length > 0 && status.state === 'Open') return over('settled');
      if (status.state !== 'Open') break;
      if (clock.monotonic() >= end) return over('timeout');
      await sleep(clock, Math.min(every.repo, Math.max(0, end - clock.monotonic())), signal);
    }
    if (status.start === undefined) return over('settled');
    const gateway = new GatewayClient(options.socket);
    for (;;) {
      const admitted = await statusAt(gateway, options.name);
      if (admitted === 'unreachable') {
        options.tell('no gateway answers here: judged by the repo alone');
        return over('settled');
      }
      const coming = admitted !== undefined && isComing(admitted, clock.now());
      if (!coming && (admitted?.state === 'Active' || admitted?.state === 'Scheduled')) {
        const effect = clock.now() - status.start;
        options.tell(
          admitted.state === 'Active' ? `live until ${admitted.end}` : `admitted; begins at ${admitted.start}`,
        );
        return over('settled', admitted.state === 'Active' ? effect : undefined);
      }
      if (admitted && !coming) {
        options.tell(`${admitted.state} by the gateway${admitted.refusal ? `: ${admitted.refusal.message}` : ''}`);
        status = { ...status, state: admitted.state, note: admitted.refusal?.message };
        return over('settled');
      }
      if (clock.monotonic() >= end) return over('timeout');
      await sleep(clock, every.gateway, signal);
    }
  } catch (error) {
    if (signal.aborted) return over('interrupted');
    throw error;
  }
}

/** undefined when it is neither open nor merged. */
async function look({ workspace: options, name, clock }: FollowOptions): Promise<AccessStatus | undefined> {
  await using workspace = await openWorkspace(options);
  try {
    return await accessStatus(workspace, name, clock);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Admitted, its time has come, and it is not in force yet: the brokers are being made ready. */
function isComing({ state, start }: GrantStatus, now: number): boolean {
  return state === 'Scheduled' && start !== undefined && Date.parse(start) <= now;
}

async function statusAt(gateway: GatewayClient, name: string) {
  try {
    return (await gateway.status()).grants.find((grant) => grant.name === name);
  } catch (error) {
    if (error instanceof UpstreamError) return 'unreachable';
    throw error;
  }
}

/** Says what is new since the last look, in the order of a request's life. */
class Steps {
  readonly #tell: (step: string) => void;
  readonly #said = new Set<string>();

  constructor(tell: (step: string) => void) {
    this.#tell = tell;
  }

  say({ state, approvedBy, rejectedBy, waitingFor, start }: AccessStatus): void {
    const isOpen = state === 'Open';
    if (isOpen) this.#once('opened');
    for (const by of approvedBy) this.#once(`approved by ${by}`);
    for (const by of rejectedBy) this.#once(`rejected by ${by}`);
    if (isOpen && waitingFor.length > 0) this.#once(`waiting for ${waitingFor.join('; ')}`);
    if (isOpen && waitingFor.length === 0) this.#once('waiting for the merge');
    if (!isOpen) this.#once(start === undefined ? 'merged' : `merged at ${formatInstant(start)}`);
  }

  #once(step: string): void {
    if (!this.#said.has(step)) this.#tell(step);
    this.#said.add(step);
  }
}
