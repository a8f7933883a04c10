/** Prints the table of clients and cases when tests of the matrix were run. */
import { writeSync } from 'node:fs';
import type { Reporter, TestCase } from 'vitest/node';
import { cases, clients } from './cases.ts';

export default class MatrixReporter implements Reporter {
  readonly #cells = new Map<string, string>();
  readonly #notes: string[] = [];

  onTestCaseResult(test: TestCase): void {
    const { matrix } = test.meta();
    if (!matrix) return;
    const passed = test.result().state === 'passed';
    const red = cases.find(({ id }) => id === matrix.case)?.red?.[matrix.client];
    this.#cells.set(`${matrix.case} ${matrix.client}`, passed ? (red ? 'red' : 'pass') : 'FAIL');
    if (passed && matrix.note) this.#notes.push(`${matrix.case}, ${matrix.client}: ${matrix.note}`);
  }

  onTestRunEnd(): void {
    if (this.#cells.size === 0) return;
    const wide = Math.max(...cases.map(({ id }) => id.length)) + 2;
    const heads = clients.map(({ id }) => id);
    const row = (first: string, cells: readonly string[]): string =>
      (first.padEnd(wide) + cells.map((cell, i) => cell.padEnd(heads[i]!.length + 2)).join('')).trimEnd();
    const lines = [row('', heads)];
    for (const one of cases) {
      const cell = (id: (typeof heads)[number]): string =>
        one.lacking?.[id] ? 'n.a.' : (this.#cells.get(`${one.id} ${id}`) ?? '-');
      lines.push(row(one.id, heads.map(cell)));
    }
    const why = cases.flatMap((one) =>
      heads.flatMap((id) => {
        const [lacking, red] = [one.lacking?.[id], one.red?.[id]];
        if (lacking) return [`n.a. ${one.id}, ${id}: ${lacking}`];
        return red ? [`red  ${one.id}, ${id}: ${red.why}`] : [];
      }),
    );
    writeSync(1, `\n${[...lines, '', ...this.#notes.toSorted(), '', ...why].join('\n')}\n`);
  }
}
