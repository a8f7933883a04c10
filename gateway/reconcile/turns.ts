/** One job after the other, in the order in which they were asked for. A job that fails holds up no other. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(job: () => Promise<T>): Promise<T> {
    const run = this.#last.then(job);
    this.#last = run.catch(() => {});
    return run;
  }
}
