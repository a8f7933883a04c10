/**
 * A runner of Gitea Actions that runs no job by itself: it takes jobs as a runner does, over the runner's own interface,
 * and hands a test what the server gave it: the workflow as it is, the event, and the job's token.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parse } from 'yaml';
import { SourceError } from '../../../core/errors/sluice-error.ts';
import type { Gitea } from './gitea.ts';

export interface GiteaJob {
  /** The workflow with this job alone, as the server made it of the file. */
  readonly workflow: {
    readonly jobs: Readonly<Record<string, { readonly steps: readonly Readonly<Record<string, unknown>>[] }>>;
  };
  readonly event: { readonly name: string; readonly body: Readonly<Record<string, unknown>> };
  readonly server: string;
  readonly api: string;
  readonly repo: string;
  readonly token: string;
  /** Variables that a runner sets besides. */
  readonly env: Readonly<Record<string, string>>;
  end(passed: boolean): Promise<void>;
}

export interface GiteaRunner {
  /** The next job; throws when none comes in a while. */
  next(): Promise<GiteaJob>;
}

interface Task {
  readonly id: string;
  readonly workflowPayload: string;
  readonly context: Readonly<Record<string, unknown>>;
}

/** Registers a runner for all repos of a server. */
export async function giteaRunner(gitea: Gitea): Promise<GiteaRunner> {
  const path = '/admin/actions/runners/registration-token';
  const { token } = (await gitea.api(gitea.admin.token, 'POST', path)) as { token: string };
  const labels = ['ubuntu-latest:host'];
  const call = async (method: string, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await fetch(`${gitea.url}/api/actions/runner.v1.RunnerService/${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new SourceError('ForgeFailed', `${method}: Gitea answered ${answer.status}`, { why: text });
    return JSON.parse(text) as unknown;
  };
  const { runner } = (await call('Register', { name: 'test', token, version: 'test', labels })) as {
    runner: { uuid: string; token: string };
  };
  const headers = { 'x-runner-uuid': runner.uuid, 'x-runner-token': runner.token };
  await call('Declare', { version: 'test', labels: ['ubuntu-latest'] }, headers);
  return {
    async next() {
      for (let tries = 0; tries < 100; tries++) {
        const { task } = (await call('FetchTask', { tasksVersion: '0' }, headers)) as { task?: Task };
        if (task) return jobOf(task, (method, body) => call(method, body, headers));
        await pause(200);
      }
      throw new SourceError('ForgeFailed', 'Gitea has no job');
    },
  };
}

function jobOf(
  { id, workflowPayload, context }: Task,
  call: (method: string, body: unknown) => Promise<unknown>,
): GiteaJob {
  const said = (name: string): string => String(context[name]);
  const now = (): string => new Date(Date.now()).toISOString();
  const startedAt = now();
  return {
    workflow: parse(Buffer.from(workflowPayload, 'base64').toString()) as GiteaJob['workflow'],
    event: { name: said('event_name'), body: context['event'] as GiteaJob['event']['body'] },
    server: said('server_url'),
    api: said('api_url'),
    repo: said('repository'),
    token: said('token'),
    env: {
      GITEA_ACTIONS: 'true',
      GITHUB_REF: said('ref'),
      GITHUB_SHA: said('sha'),
      GITHUB_RUN_ID: said('run_id'),
    },
    async end(passed) {
      const result = passed ? 'RESULT_SUCCESS' : 'RESULT_FAILURE';
      await call('UpdateTask', { state: { id, result, startedAt, stoppedAt: now(), steps: [] }, outputs: {} });
    },
  };
}
