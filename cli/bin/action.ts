// Entry of the action for workflows of GitHub and Gitea: dist/action/main.mjs is this with all that it imports.
import { systemClock } from '../../core/clock/clock.ts';
import { checkRun, commentOn } from '../actions/check-run.ts';
import { demandNode, readWorkflowRun } from '../actions/workflow-run.ts';
import { exitCodes } from '../output/error.ts';
import { runAnnotation } from '../output/problems-machine.ts';
import { reportMarkdown } from '../output/report-markdown.ts';
import { commentResult, runAnnotations, runError, runFailures, writeRun } from '../output/run-result.ts';

setInterval(() => undefined, 60_000); // the clock's own timers let a process end, as when a forge is asked again
const print = (text: string): Promise<void> => new Promise((done) => process.stdout.write(text, () => done()));

let exitCode: number = exitCodes.ok;
try {
  demandNode(process.versions.node);
  const run = readWorkflowRun(process.env);
  const report = await checkRun(run);
  const markdown = reportMarkdown(report);
  await print(runAnnotations(report));
  writeRun(run, report, markdown);
  const failures = runFailures(report, run.inputs.failOnWidening);
  await print(failures.map((failure) => runAnnotation('error', 'sluice', failure)).join(''));
  if (failures.length > 0) exitCode = exitCodes.problems;
  const { subject, inputs } = run;
  if (inputs.comment && 'pull' in subject) {
    await print(commentResult(run, await commentOn(run, subject.pull, markdown, systemClock)));
  }
} catch (error) {
  const described = runError(error);
  await print(described.text);
  exitCode = described.exitCode;
}
process.exit(exitCode); // a connection to the forge on its way out must not keep the process
