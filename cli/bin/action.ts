// Entry of the action for workflows of GitHub and Gitea: dist/action/main.mjs is this with all that it imports.

import { systemClock } from '../../core/clock/clock.ts';
import { checkRun, commentOn } from '../actions/check-run.ts';
import { readWorkflowRun } from '../actions/workflow-run.ts';
import { exitCodes } from '../output/error.ts';
import { runAnnotation } from '../output/problems-machine.ts';
import { reportMarkdown } from '../output/report-markdown.ts';
import { runAnnotations, runError, runFailures, runOutputs, writeRun } from '../output/run-result.ts';

const print = (text: string): void => {
  process.stdout.write(text);
};

try {
  const run = readWorkflowRun(process.env);
  const report = await checkRun(run);
  const markdown = reportMarkdown(report);
  print(runAnnotations(report));
  writeRun(run, '', markdown);
  const { subject, inputs, outputFile } = run;
  const comment =
    inputs.comment && 'pull' in subject ? await commentOn(run, subject.pull, markdown, systemClock) : undefined;
  if (comment === 'movedOn') {
    print(runAnnotation('notice', 'sluice', 'there was a push meanwhile, so nothing was written on the pull request'));
  }
  writeRun({ ...run, summaryFile: undefined, outputFile }, runOutputs(report, comment, inputs.report), markdown);
  const failures = runFailures(report, inputs.failOnWidening);
  for (const failure of failures) print(runAnnotation('error', 'sluice', failure));
  process.exitCode = failures.length > 0 ? exitCodes.problems : exitCodes.ok;
} catch (error) {
  const { text, exitCode } = runError(error);
  print(text);
  process.exitCode = exitCode;
}
