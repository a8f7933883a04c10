import { AnswerFields } from '../hosted/answer-fields.ts';
import { tooLarge } from '../hosted/forge-error.ts';
import type { JsonAnswer, JsonClient, JsonRequest } from '../hosted/json-client.ts';

/** Most pages of one list; one that has more is none. */
const mostPages = 50;
/** Rows of a page, where Gitea's settings do not make it fewer. */
const pageSize = 50;

type ListRequest = Pick<JsonRequest, 'path' | 'query' | 'asked' | 'permission'>;

/** Reads lists of Gitea, page by page. A list comes whole or not at all. */
export class GiteaLists {
  readonly #client: JsonClient;
  #size: number | undefined;

  constructor(client: JsonClient) {
    this.#client = client;
  }

  /**
   * A list whose pages say how many rows there are. `sparse` when rows are counted that Gitea does not show, as others'
   * pending reviews are: then a short page, or an empty one, is not the last one. A list that changes while it is read
   * is read again, once.
   */
  async whole(request: ListRequest, sparse = false): Promise<AnswerFields[]> {
    for (let tries = 2; ; tries--) {
      const { rows, total, steady, last } = await this.#counted(request);
      if (steady && (sparse ? rows.length <= total : rows.length === total)) return rows;
      if (tries <= 1) throw last.failed('it is not as long as it says');
    }
  }

  async #counted(request: ListRequest) {
    const size = await this.pageSize();
    const rows: AnswerFields[] = [];
    let steady = true;
    let total: number | undefined;
    for (let page = 1; ; page++) {
      const answer = await this.page(request, page);
      const said = countOf(answer);
      steady &&= total === undefined || said === total;
      total = said;
      rows.push(...rowsOf(answer));
      if (page * size >= total) return { rows, total, steady, last: answer };
      if (page === mostPages) throw tooLarge(answer.failed(`it has more than ${mostPages} pages`));
    }
  }

  /** A list of which the newest rows come first, back to `since` (epoch ms by the field `created`). */
  async recent(request: ListRequest, since: number): Promise<AnswerFields[]> {
    const rows: AnswerFields[] = [];
    for (let page = 1; ; page++) {
      const answer = await this.page(request, page);
      const some = rowsOf(answer);
      const fresh = some.filter((row) => row.instant('created') >= since);
      rows.push(...fresh);
      if (some.length === 0 || fresh.length < some.length) return rows;
      if (page === mostPages) throw tooLarge(answer.failed(`it has more than ${mostPages} pages`));
    }
  }

  /**
   * A list that leaves rows out and counts none, oldest first, up to the first empty page after `last`, a row that there
   * must be: an empty page before that one may be all of what is left out.
   */
  async beyond(request: ListRequest, last: (row: AnswerFields) => boolean): Promise<AnswerFields[]> {
    const rows: AnswerFields[] = [];
    for (let page = 1; ; page++) {
      const answer = await this.page(request, page);
      const some = answer.value === null ? [] : rowsOf(answer);
      if (some.length === 0 && rows.some(last)) return rows;
      rows.push(...some);
      if (page === mostPages) throw tooLarge(answer.failed(`it has more than ${mostPages} pages, or no end`));
    }
  }

  async page(request: ListRequest, page: number): Promise<JsonAnswer> {
    const query = { ...request.query, limit: await this.pageSize(), page };
    return await this.#client.ask({ ...request, method: 'GET', query });
  }

  /** Rows of a page that is not the last one: the settings of a server may make them fewer than are asked for. */
  async pageSize(): Promise<number> {
    if (this.#size !== undefined) return this.#size;
    const answer = await this.#client.ask({
      method: 'GET',
      path: '/settings/api',
      asked: 'read how long its pages are',
      permission: 'none',
    });
    this.#size = Math.min(pageSize, new AnswerFields(answer.value, answer.failed).id('max_response_items'));
    return this.#size;
  }
}

/** Each row of a page as fields. */
function rowsOf({ value, failed }: JsonAnswer): AnswerFields[] {
  if (!Array.isArray(value)) throw failed('it is no list');
  return value.map((row: unknown, index) => new AnswerFields(row, failed, `[${index}]`));
}

function countOf({ headers, failed }: JsonAnswer): number {
  const text = headers.get('x-total-count') ?? '';
  if (!/^\d{1,9}$/.test(text)) throw failed('it does not say how long the list is');
  return Number(text);
}
