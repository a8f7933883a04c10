import * as Flags from '@oclif/core/flags';
import { systemClock } from '../../core/clock/clock.ts';
import { parseDuration } from '../../core/clock/duration.ts';
import type { Followed } from '../actions/follow-request.ts';
import type { Workspace } from '../actions/open-workspace.ts';
import type { PreparedAccess, RequestedAccess } from '../actions/request-access.ts';
import { exitCodes } from './error.ts';
import { socketFlag } from './repo-flags.ts';
import { SluiceCommand } from './sluice-command.ts';
import { visible } from './style.ts';

export const waitFlags = {
  wait: Flags.boolean({ description: 'Wait until it is live or refused; each step goes to stderr.', default: false }),
  timeout: Flags.string({ description: 'How long to wait.', default: '1h', helpValue: 'DURATION' }),
  ...socketFlag,
};

interface WaitFlags {
  readonly timeout: string;
  readonly socket: string;
  readonly repo: string;
  readonly branch: string;
  readonly genesis?: string | undefined;
  readonly key?: string | undefined;
}

interface AskFlags extends WaitFlags {
  readonly 'dry-run': boolean;
  readonly wait: boolean;
  readonly format: 'pretty' | 'json';
}

/** What commands share that can wait for a request. Ctrl-C ends the waiting, never the request. */
export abstract class WaitingCommand extends SluiceCommand {
  protected async follow(name: string, flags: WaitFlags): Promise<Followed> {
    const { followRequest } = await import('../actions/follow-request.ts');
    const interrupt = new AbortController();
    const stop = (): void => interrupt.abort();
    process.once('SIGINT', stop);
    const alive = setInterval(() => undefined, 60_000); // the clock's own timers let a process end
    try {
      const followed = await followRequest({
        workspace: { ...flags, genesis: flags.genesis, key: flags.key, clock: systemClock },
        name,
        socket: flags.socket,
        timeout: parseDuration(flags.timeout),
        clock: systemClock,
        signal: interrupt.signal,
        tell: (step) => this.tell(visible(step)),
      });
      this.#close(name, followed);
      return followed;
    } finally {
      clearInterval(alive);
      process.removeListener('SIGINT', stop);
    }
  }

  /**
   * Says what would be asked for and what it widens, opens the request, and waits for it when that is wished. `agree` is asked
   * before anything is sent; it shows the request itself.
   */
  protected async ask(
    flags: AskFlags,
    prepare: (workspace: Workspace) => Promise<PreparedAccess>,
    agree?: (prepared: PreparedAccess) => Promise<void>,
  ): Promise<void> {
    const result = await this.#open(flags, prepare, agree);
    const { requestedPretty, statusJson, statusPretty } = await import('./access-result.ts');
    const { file, head, url, approvers, yaml, plan, digest } = result;
    const { name, uid } = result.grant;
    const { widens, hours } = plan;
    const asked = { name, uid, file, head, url, approvers, digest, widens, hours, yaml };
    const waits = flags.wait && head !== undefined;
    if (flags.format === 'pretty') this.show(requestedPretty(result, this.style));
    else if (!waits) this.print(JSON.stringify(asked, null, 2));
    if (!waits) return;
    const followed = await this.follow(name, flags);
    const { status } = followed;
    if (flags.format === 'pretty' && status) this.show(statusPretty(status, this.style));
    if (flags.format === 'json') {
      const live: unknown = status ? JSON.parse(statusJson(status)) : undefined;
      this.print(
        JSON.stringify(
          { ...asked, outcome: followed.outcome, mergeToEffectMs: followed.mergeToEffect, status: live },
          null,
          2,
        ),
      );
    }
    this.finishWith(followed);
  }

  async #open(
    flags: AskFlags,
    prepare: (workspace: Workspace) => Promise<PreparedAccess>,
    agree: ((prepared: PreparedAccess) => Promise<void>) | undefined,
  ): Promise<RequestedAccess> {
    const { openWorkspace } = await import('../actions/open-workspace.ts');
    const { openRequest } = await import('../actions/request-access.ts');
    const { preparedPretty } = await import('./access-result.ts');
    const { requestMarkdown } = await import('./grant-markdown.ts');
    await using workspace = await openWorkspace({
      ...flags,
      genesis: flags.genesis,
      key: flags.key,
      clock: systemClock,
    });
    const prepared = await prepare(workspace);
    if (agree) await agree(prepared);
    else if (flags.format === 'pretty') this.show(preparedPretty(prepared, this.style, this.width));
    if (flags['dry-run']) return { ...prepared, head: undefined, url: undefined };
    return await openRequest(workspace, prepared, requestMarkdown(prepared));
  }

  /** The exit code that a status asks for. */
  protected finishWith({ status, outcome }: Followed): void {
    const fine =
      outcome === 'settled' && status?.rejectedBy.length === 0 && ['Active', 'Scheduled'].includes(status.state);
    this.finish(fine ? exitCodes.ok : exitCodes.problems);
  }

  #close(name: string, { outcome, mergeToEffect }: Followed): void {
    if (mergeToEffect !== undefined) this.tell(`merge to effect: ${(mergeToEffect / 1000).toFixed(1)} s`);
    if (outcome === 'withdrawn') this.tell(`${name} is neither open nor merged`);
    if (outcome !== 'timeout' && outcome !== 'interrupted') return;
    this.tell(`${outcome === 'timeout' ? 'Waited long enough' : 'Not waiting any more'}; the request stays as it is.`);
    this.tell(`Go on with: sluice access status ${name} --wait`);
  }
}
