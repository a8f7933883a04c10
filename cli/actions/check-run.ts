import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../core/clock/clock.ts';
import { InputError, SourceError } from '../../core/errors/sluice-error.ts';
import { keepComment, type StickyOutcome } from '../../core/forge/hosted/sticky-comment.ts';
import { openCommentApi } from '../../core/forge/open-comment-api.ts';
import { openForgeApi } from '../../core/forge/open-forge-api.ts';
import { BareClone } from '../../core/git/bare-clone.ts';
import { type ChangeReport, reportChange } from './report-change.ts';
import type { PullOfRun, WorkflowRun } from './workflow-run.ts';

/** What the comment is found by. It stands before everything that comes from the repo. */
export const marker = '<!-- sluice: what this change comes to -->';

/**
 * Reads both sides of a change from git, as data: in a bare clone of our own, without a work tree, a hook or a setting
 * of the repo. So it may run with a token that can write, on whatever anybody proposes.
 */
export async function checkRun(run: WorkflowRun): Promise<ChangeReport> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-check-'));
  try {
    const token = async (): Promise<string | undefined> => run.token;
    await using clone = await BareClone.open(join(folder, 'repo.git'), run.url, { token });
    const { head, base, branch } = await sidesOf(run, clone);
    const { path, minCoverage } = run.inputs;
    const repo = { repoId: String(run.repoId), branch };
    const oneStep = 'pull' in run.subject || run.subject.from !== branch;
    return await reportChange({ objects: clone, base, head, path, repo, minCoverage, oneStep });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes the comment on the pull request, as long as it is about the head that was looked at. */
export async function commentOn(run: WorkflowRun, pull: PullOfRun, body: string, clock: Clock): Promise<StickyOutcome> {
  const { kind, api: url, repo, repoId, token, inputs } = run;
  if (token === undefined) throw new InputError('BadUsage', 'a comment needs a token', { fix: 'give the input token' });
  const address = { kind, url, repo };
  const about = { head: pull.head, branch: pull.branch, repoId };
  return await keepComment(await openForgeApi(address, { token }, clock), await openCommentApi(address, token, clock), {
    number: pull.number,
    about,
    marker,
    body,
    login: inputs.account,
  });
}

async function sidesOf(
  { subject, inputs }: WorkflowRun,
  clone: BareClone,
): Promise<{ readonly head: string; readonly base: string | undefined; readonly branch: string }> {
  if ('pull' in subject) {
    const { number, head, branch } = subject.pull;
    const tip = await clone.fetch(branch);
    if (tip === undefined) throw missing(`the branch '${branch.slice(0, 80)}' is gone`);
    await clone.fetchPull(number);
    if (!(await clone.has(head)))
      throw missing(`commit ${head.slice(0, 12)} is not of pull request ${number} any more`);
    const base = inputs.base === undefined ? await clone.mergeBase(tip, head) : await clone.resolve(inputs.base);
    if (base === undefined)
      throw missing(`commit ${head.slice(0, 12)} shares no history with '${branch.slice(0, 80)}'`);
    return { head, base, branch };
  }
  const { commit, before, from, branch } = subject;
  await clone.fetch(from);
  if (!(await clone.has(commit))) throw missing(`commit ${commit.slice(0, 12)} is not of this branch any more`);
  if (inputs.base !== undefined) return { head: commit, base: await clone.resolve(inputs.base), branch };
  const base = before !== undefined && (await clone.has(before)) ? before : undefined;
  return { head: commit, base, branch };
}

function missing(why: string): SourceError {
  return new SourceError('RevisionNotFound', 'what the event is about is not there', {
    why,
    fix: 'nothing, if there was a push meanwhile: it has a run of its own',
    retry: 'never',
  });
}
