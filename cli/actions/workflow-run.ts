/** What GitHub Actions and Gitea Actions tell an action: in the environment, and in the file of the event. */
import { readFileSync } from 'node:fs';
import { InputError } from '../../core/errors/sluice-error.ts';
import { isCommit } from '../../core/forge/hosted/answer-fields.ts';

/** What scripts/bundle-action.ts makes the program for. */
const oldestNode = 22;

export type Environment = Readonly<Record<string, string | undefined>>;

/** A pull request, as the event says. */
export interface PullOfRun {
  readonly number: number;
  readonly head: string;
  /** The branch that it asks to be merged into. */
  readonly branch: string;
}

export interface WorkflowRun {
  readonly kind: 'github' | 'gitea';
  /** Base of the forge's API. */
  readonly api: string;
  /** `owner/name`. */
  readonly repo: string;
  /** The forge's number of the repo. */
  readonly repoId: number;
  /** Where git fetches it. */
  readonly url: string;
  readonly token: string | undefined;
  /** A pull request, or a commit that is on a branch already, with the one before it where the event says so. */
  readonly subject:
    | { readonly pull: PullOfRun }
    | {
        readonly commit: string;
        /** Where git fetches the commit. */
        readonly from: string;
        /** The branch that it is on, or will be. */
        readonly branch: string;
        readonly before: string | undefined;
      };
  /** Page of this run, for people. */
  readonly page: string | undefined;
  /** Where outputs, and the summary, are appended to; undefined = nowhere. */
  readonly outputFile: string | undefined;
  readonly summaryFile: string | undefined;
  readonly inputs: WorkflowInputs;
}

export interface WorkflowInputs {
  /** Folder of the repo that holds the policies; '' is the whole repo. */
  readonly path: string;
  /** Commit to compare with, instead of what the event says. */
  readonly base: string | undefined;
  readonly failOnWidening: boolean;
  readonly minCoverage: number | undefined;
  readonly comment: boolean;
  /** Login that comments are of, where the forge does not tell and it is not the workflow's own. */
  readonly account: string | undefined;
  /** File that the report is written to. */
  readonly report: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

export function readWorkflowRun(env: Environment): WorkflowRun {
  const event = readEvent(demand(env, 'GITHUB_EVENT_PATH'));
  const [server, repo] = [demand(env, 'GITHUB_SERVER_URL').replace(/\/+$/, ''), demand(env, 'GITHUB_REPOSITORY')];
  const runId = said(env, 'GITHUB_RUN_ID');
  return {
    kind: env['GITEA_ACTIONS'] === 'true' ? 'gitea' : 'github',
    api: apiOf(env, server),
    repo,
    repoId: idOf(objectIn(event, 'repository'), 'id'),
    url: `${server}/${repo}.git`,
    token: said(env, 'INPUT_TOKEN'),
    subject: subjectOf(event, env),
    page: runId === undefined ? undefined : `${server}/${repo}/actions/runs/${runId}`,
    outputFile: said(env, 'GITHUB_OUTPUT'),
    summaryFile: said(env, 'GITHUB_STEP_SUMMARY'),
    inputs: readInputs(env),
  };
}

/** Gitea's runners take the Node of their image, whatever action.yml asks for. */
export function demandNode(version: string): void {
  if (Number(version.split('.')[0]) >= oldestNode) return;
  throw new InputError('BadUsage', `the check needs Node ${oldestNode} or newer, and this is ${version}`, {
    fix: 'use a newer runner, or an image for it that has a newer Node',
  });
}

/** Gitea's variable names the server in some versions, GitHub's the API. */
function apiOf(env: Environment, server: string): string {
  if (env['GITEA_ACTIONS'] === 'true') return server;
  return demand(env, 'GITHUB_API_URL');
}

function subjectOf(event: Fields, env: Environment): WorkflowRun['subject'] {
  const pull = event['pull_request'];
  if (isFields(pull)) {
    const [head, base] = [objectIn(pull, 'head'), objectIn(pull, 'base')];
    return { pull: { number: idOf(pull, 'number'), head: commitOf(head, 'sha'), branch: textOf(base, 'ref') } };
  }
  const group = event['merge_group'];
  if (isFields(group)) {
    const [from, branch] = [branchOf(textOf(group, 'head_ref')), branchOf(textOf(group, 'base_ref'))];
    return { commit: commitOf(group, 'head_sha'), from, branch, before: commitOf(group, 'base_sha') };
  }
  const branch = branchOf(demand(env, 'GITHUB_REF'));
  const before = event['before'];
  const real = typeof before === 'string' && isCommit(before) && !/^0+$/.test(before);
  return { commit: demand(env, 'GITHUB_SHA'), from: branch, branch, before: real ? before : undefined };
}

function branchOf(ref: string): string {
  if (ref.startsWith('refs/heads/')) return ref.slice('refs/heads/'.length);
  throw unusable('it is about no branch', 'run the action on branches');
}

function readInputs(env: Environment): WorkflowInputs {
  const input = (name: string): string | undefined => said(env, `INPUT_${name.toUpperCase()}`);
  const flag = (name: string): boolean => {
    const text = (input(name) ?? 'false').toLowerCase();
    if (text === 'true' || text === 'false') return text === 'true';
    throw badInput(name, 'write true or false');
  };
  const coverage = input('min-coverage');
  if (coverage !== undefined && !/^(?:100|\d{1,2})$/.test(coverage)) {
    throw badInput('min-coverage', 'write percent as a whole number');
  }
  const path = (input('path') ?? '.').replace(/^(?:\.\/)+/, '').replace(/\/+$/, '');
  if (path.startsWith('/') || path.split('/').includes('..')) throw badInput('path', 'write a folder of the repo');
  return {
    path: path === '.' ? '' : path,
    base: input('base'),
    failOnWidening: flag('fail-on-widening'),
    minCoverage: coverage === undefined ? undefined : Number(coverage),
    comment: flag('comment'),
    account: input('account'),
    report: input('report'),
  };
}

function readEvent(path: string): Fields {
  let event: unknown;
  try {
    event = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw unusable('the file of the event cannot be read', 'run it as a step of a workflow', cause);
  }
  if (!isFields(event)) throw unusable('the event is no object', 'run it as a step of a workflow');
  return event;
}

function said(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim();
  return value === '' ? undefined : value;
}

function demand(env: Environment, name: string): string {
  const value = said(env, name);
  if (value === undefined) throw unusable(`${name} is not set`, 'run it as a step of a workflow');
  return value;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function objectIn(fields: Fields, name: string): Fields {
  const value = fields[name];
  if (!isFields(value)) throw lacking(name);
  return value;
}

function textOf(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw lacking(name);
  return value;
}

function commitOf(fields: Fields, name: string): string {
  const value = textOf(fields, name);
  if (!isCommit(value)) throw lacking(name);
  return value;
}

function idOf(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) throw lacking(name);
  return value;
}

function lacking(name: string): InputError {
  return unusable(`the event has no ${name} that can be used`, 'run it on pull requests, pushes and merge groups');
}

function unusable(why: string, fix: string, cause?: unknown): InputError {
  return new InputError('BadUsage', 'this is no run of a workflow that the action can work in', { why, fix, cause });
}

function badInput(name: string, fix: string): InputError {
  return new InputError('BadUsage', `the input ${name} of the action cannot be used`, { fix });
}
