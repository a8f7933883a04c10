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
 * clients of this process would get no answer. `file` is limits-thread, as it is run here.
 */
export function limitsApart(file: string): LimitsJudge {
  return (before, after) =>
    documentsOf(before) + documentsOf(after) <= fewDocuments
      ? acknowledgementProblem(before, after)
      : inThread(file, before, after);
}

function inThread(file: string, before: PolicySet, after: PolicySet): Promise<string | undefined> {
  const worker = new Worker(file, { workerData: { before, after } });
  const late = setTimeout(() => void worker.terminate(), longest);
  return new Promise<string | undefined>((resolve, reject) => {
    worker.once('message', ({ problem }: { readonly problem: string | undefined }) => resolve(problem));
    worker.once('error', reject);
    worker.once('exit', (code) =>
      reject(new BugError(`the thread that judges limits ended with ${code} and no answer`)),
    );
  }).finally(() => clearTimeout(late));
}

function documentsOf({ identities, policies, streams, groups, masks, approverRules }: PolicySet): number {
  return [identities, policies, streams, groups, masks, approverRules].reduce((sum, { size }) => sum + size, 0);
}
