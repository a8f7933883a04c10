import { BugError } from '../core/errors/sluice-error.ts';
import { environmentOf, type PolicyRepo } from '../test/support/policy-repo.ts';
import { type Ran, runSluice } from '../test/support/run-sluice.ts';

/** The people of the story at their terminals. */
export class People {
  readonly #dir: string;
  readonly #repo: PolicyRepo;

  /** `dir` is where their caches are. */
  constructor(dir: string, repo: PolicyRepo) {
    this.#dir = dir;
    this.#repo = repo;
  }

  /** Runs the CLI as somebody; it has to work. */
  async run(who: string, args: readonly string[]): Promise<string> {
    const ran = await this.tryTo(who, args);
    if (ran.code !== 0) throw new BugError(`sluice ${args.join(' ')} ended with ${ran.code}: ${ran.stderr}`);
    return ran.stdout;
  }

  /** The same, whatever comes of it. */
  tryTo(who: string, args: readonly string[]): Promise<Ran> {
    const own = { XDG_CACHE_HOME: `${this.#dir}/cache`, HOME: this.#dir };
    return runSluice(args, { env: { ...environmentOf(this.#repo, who), ...own } });
  }
}
