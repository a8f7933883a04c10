/** A repo that a forge made, with whoever may work in it. */
export interface RepoOnForge {
  readonly kind: 'github' | 'gitea';
  /** Base of the API. */
  readonly api: string;
  /** As Identities name the forge. */
  readonly host: string;
  /** `owner/name` */
  readonly name: string;
  readonly id: number;
  /** Where git clones from. */
  readonly url: string;
  readonly people: Readonly<Record<string, { readonly id: number; readonly token: string }>>;
  /** Of somebody who may push anything. */
  readonly adminToken: string | undefined;
  /** May read what the gateway reads, and no more; an app where the forge has them. */
  readonly gateway: { readonly token: string } | AppOfGateway;
  readonly webhookSecret: string;
}

export interface AppOfGateway {
  readonly appId: number;
  readonly installationId: number;
  /** PEM. */
  readonly privateKey: string;
}
