import { request } from 'node:http';
import type { OwnerWish } from '../../core/admission/owner-statement.ts';
import { codes, type ErrorCode } from '../../core/errors/codes.ts';
import { AccessError, UpstreamError } from '../../core/errors/sluice-error.ts';
import type {
  EmergencyProposal,
  EvidenceTaken,
  GatewayStatus,
  SessionStatus,
  SignedText,
} from '../../core/model/admin-api.ts';
import type { GrantVerdict } from '../../core/model/verdict.ts';

/** ms. A gateway asks its forge about each grant that it judges again. */
const longestImport = 600_000;

/** Talks to a gateway's admin API through its unix socket. */
export class GatewayClient {
  readonly #socket: string;

  constructor(socket: string) {
    this.#socket = socket;
  }

  status(): Promise<GatewayStatus> {
    return this.#call('GET', '/status') as Promise<GatewayStatus>;
  }

  sessions(): Promise<readonly SessionStatus[]> {
    return this.#call('GET', '/sessions') as Promise<readonly SessionStatus[]>;
  }

  /** The verdict about a grant by name or uid, with its evidence; undefined when the gateway knows none. */
  explainGrant(id: string): Promise<unknown> {
    return this.#call('GET', `/grants/${encodeURIComponent(id)}`, true);
  }

  reconcile(): Promise<GatewayStatus> {
    return this.#call('POST', '/reconcile') as Promise<GatewayStatus>;
  }

  /** What owners would have to sign. */
  ownerWish(kind: OwnerWish['kind'], commit: string): Promise<OwnerWish> {
    return this.#call('POST', '/owners/wish', false, { kind, commit }) as Promise<OwnerWish>;
  }

  ownersSigned(kind: OwnerWish['kind'], commit: string, signed: readonly SignedText[]): Promise<OwnerWish> {
    return this.#call('POST', '/owners', false, { kind, commit, signed }) as Promise<OwnerWish>;
  }

  proposeEmergency(document: { readonly name: string; readonly yaml: string }): Promise<EmergencyProposal> {
    return this.#call('POST', '/break-glass/proposal', false, document) as Promise<EmergencyProposal>;
  }

  /** Judged at once; in force when it says `admitted`. */
  admitEmergency(document: { readonly name: string; readonly yaml: string }): Promise<GrantVerdict> {
    return this.#call('POST', '/break-glass', false, document) as Promise<GrantVerdict>;
  }

  /** What this gateway tells its peers: a signed note. */
  async evidence(): Promise<string> {
    return ((await this.#call('GET', '/evidence')) as { note: string }).note;
  }

  takeEvidence(note: string): Promise<EvidenceTaken> {
    return this.#call('POST', '/evidence', false, { note }, longestImport) as Promise<EvidenceTaken>;
  }

  /** False when there is no such session. */
  async kill(session: string): Promise<boolean> {
    return (await this.#call('POST', `/sessions/${encodeURIComponent(session)}/kill`, true)) !== undefined;
  }

  #call(method: string, path: string, mayMiss = false, body?: unknown, timeout = 30_000): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: this.#socket, method, path, timeout }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          if (mayMiss && response.statusCode === 404) return resolve(undefined);
          if (response.statusCode === 409) return reject(refusal(text));
          if (response.statusCode !== 200) return reject(this.#failed(`it answered ${response.statusCode}`));
          resolve(JSON.parse(text));
        });
      });
      call.on('timeout', () => call.destroy());
      call.on('error', (cause: NodeJS.ErrnoException) => reject(this.#failed(cause.code ?? 'no answer', cause)));
      call.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  #failed(why: string, cause?: unknown): UpstreamError {
    return new UpstreamError('GatewayUnreachable', 'the gateway did not answer', {
      why,
      at: this.#socket,
      fix: 'check that it runs, and give --socket the path of admin.socket in its gateway.yaml',
      cause,
    });
  }
}

/** The gateway understood, and does not do it. */
function refusal(text: string): AccessError {
  const { code, error, why, fix } = JSON.parse(text) as { code: ErrorCode; error: string; why?: string; fix?: string };
  return new AccessError(Object.hasOwn(codes, code) ? code : 'OwnersNeeded', error, {
    ...(why === undefined ? {} : { why }),
    ...(fix === undefined ? {} : { fix }),
  });
}
