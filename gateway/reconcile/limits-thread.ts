/** A thread that judges one change of the rules by the safety limits, says what is wrong with it, and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { acknowledgementProblem } from '../../core/admission/acknowledged.ts';
import type { PolicySet } from '../../core/model/documents.ts';

const { before, after } = workerData as { readonly before: PolicySet; readonly after: PolicySet };
parentPort!.postMessage({ problem: acknowledgementProblem(before, after) });
