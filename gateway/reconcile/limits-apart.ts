import { Worker } from 'node:worker_threads';
import { acknowledgementProblem } from '../../core/admission/acknowledged.ts';
import { BugError } from '../../core/errors/sluice-error.ts';
import type { PolicySet } from '../../core/model/documents.ts';

/** What is wrong with a change of the rules by the safety limits; undefined when nothing is. */
export type LimitsJudge = (before: PolicySet, after: PolicySet) => string | undefined | Promise<string | undefined>;

/** Documents of both sides that are compared in less time than a thread takes to start, some 50 ms. */
const fewDocuments = 400;
/** ms after which a thread is ended without its answer, and the change tried again. */
const longest = 120_000;

/**
 * Judges large changes in a thread of its own: comparing the rules of thousands of people takes seconds, in which the
 * clients of this process would get no answer. `file` is limits-thread, as it is run here; `ending` ends a thread whose
 * answer nobody waits for any more.
 */
export function limitsApart(file: string, ending: AbortSignal): LimitsJudge {
  return (before, after) =>
    documentsOf(before) + documentsOf(after) <= fewDocuments
      ? acknowledgementProblem(before, after)
      : inThread(file, ending, before, after);
}

function inThread(file: string, ending: AbortSignal, before: PolicySet, after: PolicySet): Promise<string | undefined> {
  ending.throwIfAborted();
  const worker = new Worker(file, { workerData: { before, after } });
  const end = (): void => void worker.terminate();
  const late = setTimeout(end, longest);
  ending.addEventListener('abort', end);
  return new Promise<string | undefined>((resolve, reject) => {
    worker.once('message', ({ problem }: { readonly problem: string | undefined }) => resolve(problem));
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new BugError(`the thread that judges limits ended with ${code} and no answer`)),
    );
  }).finally(() => {
    clearTimeout(late);
    ending.removeEventListener('abort', end);
  });
}

function documentsOf({ identities, policies, streams, groups, masks, approverRules }: PolicySet): number {
  return [identities, policies, streams, groups, masks, approverRules].reduce((sum, { size }) => sum + size, 0);
}
