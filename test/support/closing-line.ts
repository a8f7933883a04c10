import { writeSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule, TestRunEndReason, Vitest } from 'vitest/node';

/** Prints 'N passed, N failed[, N skipped]' alone on the last line of the run: CI reads that, not vitest's own summary. */
export default class ClosingLine implements Reporter {
  #line = '0 passed, 0 failed';
  #watch = false;

  onInit(vitest: Vitest): void {
    this.#watch = vitest.config.watch;
    // On exit, so that it comes after the coverage table too, and when vitest finds no test file.
    process.once('exit', () => this.#print());
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: TestRunEndReason): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      let own = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state]++;
        if (state === 'failed') own++;
      }
      // A file that could not be loaded, or a hook of a suite that failed, fails no test.
      if (module.state() === 'failed' && own === 0) count.failed++;
    }
    count.failed += errors.length;
    if (reason === 'interrupted' || count.pending > 0) count.failed += Math.max(1, count.pending);
    if (process.env['CI'] === 'true' && count.skipped > 0) count.failed += count.skipped; // a skip is no pass
    this.#line = `${count.passed} passed, ${count.failed} failed${count.skipped ? `, ${count.skipped} skipped` : ''}`;
    if (count.failed > 0) process.exitCode ||= 1;
  }

  #print(): void {
    if (!this.#watch) writeSync(1, `\n${this.#line}\n`);
  }
}
