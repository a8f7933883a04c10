import * as Flags from '@oclif/core/flags';
import { operations, type ResourceKind } from '../../core/model/resource.ts';

export { operations };

const kinds = ['topic', 'group', 'transactionalId', 'cluster'] as const satisfies readonly ResourceKind[];

/** What a question to the rules is about, its time and its connection. */
export const questionFlags = {
  cluster: Flags.string({ description: 'Name of the Cluster; may be left out when there is one.' }),
  kind: Flags.option({ options: kinds, description: 'What the name is of.', default: 'topic' as const })(),
  at: Flags.string({ description: 'When, as RFC 3339; now if left out.', helpValue: 'TIME' }),
  'claim-group': Flags.string({
    description: 'A Group that the identity provider would put them into; may be repeated.',
    multiple: true,
    default: [],
  }),
  claim: Flags.string({
    description:
      'A claim of the token that a condition reads, as name=value; true, numbers and JSON lists are meant as such; may be repeated. Naming one says that the token has no others.',
    multiple: true,
    default: [],
    helpValue: 'NAME=VALUE',
  }),
  source: Flags.string({ description: 'IP address they connect from.', helpValue: 'IP' }),
  repo: Flags.string({ description: 'Folder of the policy repo.', default: '.', helpValue: 'DIR' }),
};
