import { KafkaError } from '../wire/error-codes.ts';
import {
  defaultAlterUserScramCredentialsResponse,
  defaultAlterUserScramCredentialsResponseAlterUserScramCredentialsResult as scramResult,
} from '../wire/generated/alter-user-scram-credentials.ts';
import { apis } from '../wire/generated/apis.ts';
import { defaultCreateAclsResponse } from '../wire/generated/create-acls.ts';
import { defaultCreateDelegationTokenResponse } from '../wire/generated/create-delegation-token.ts';
import {
  defaultDeleteAclsResponseDeleteAclsFilterResult as aclFilterResult,
  defaultDeleteAclsResponse,
} from '../wire/generated/delete-acls.ts';
import { defaultDescribeAclsResponse } from '../wire/generated/describe-acls.ts';
import { defaultDescribeDelegationTokenResponse } from '../wire/generated/describe-delegation-token.ts';
import { defaultDescribeUserScramCredentialsResponse } from '../wire/generated/describe-user-scram-credentials.ts';
import { defaultExpireDelegationTokenResponse } from '../wire/generated/expire-delegation-token.ts';
import { defaultRenewDelegationTokenResponse } from '../wire/generated/renew-delegation-token.ts';
import { adminMessage, adminOnly, neverAllowed, neverMessage } from './admin-only.ts';
import { denied } from './errors.ts';

const errorCode = denied.cluster;
const tokenError = KafkaError.delegationTokenAuthorizationFailed;

/** Administrators may look at the brokers' ACLs. */
export const describeAcls = adminOnly(apis.DescribeAcls, {
  min: 1,
  max: 3,
  refuse: () => ({ ...defaultDescribeAclsResponse, errorCode, errorMessage: adminMessage }),
});

/** Changing a broker's ACLs would change rights past the policy repo. */
export const createAcls = neverAllowed(apis.CreateAcls, {
  min: 1,
  max: 3,
  error: errorCode,
  refuse: ({ creations }) => ({
    ...defaultCreateAclsResponse,
    results: creations.map(() => ({ errorCode, errorMessage: neverMessage })),
  }),
});

export const deleteAcls = neverAllowed(apis.DeleteAcls, {
  min: 1,
  max: 3,
  error: errorCode,
  refuse: ({ filters }) => ({
    ...defaultDeleteAclsResponse,
    filterResults: filters.map(() => ({ ...aclFilterResult, errorCode, errorMessage: neverMessage })),
  }),
});

/** Administrators may see which users there are; a description holds no password. */
export const describeUserScramCredentials = adminOnly(apis.DescribeUserScramCredentials, {
  min: 0,
  max: 0,
  refuse: () => ({ ...defaultDescribeUserScramCredentialsResponse, errorCode, errorMessage: adminMessage }),
});

/** A user of the brokers could go around the gateway. */
export const alterUserScramCredentials = neverAllowed(apis.AlterUserScramCredentials, {
  min: 0,
  max: 0,
  error: errorCode,
  refuse: ({ deletions, upsertions }) => ({
    ...defaultAlterUserScramCredentialsResponse,
    results: [...new Set([...deletions, ...upsertions].map(({ name }) => name))].map((user) => ({
      ...scramResult,
      user,
      errorCode,
      errorMessage: neverMessage,
    })),
  }),
});

/** So could the owner of a token, and whoever learns its HMAC. */
export const createDelegationToken = neverAllowed(apis.CreateDelegationToken, {
  min: 1,
  max: 3,
  error: tokenError,
  refuse: () => ({ ...defaultCreateDelegationTokenResponse, errorCode: tokenError }),
});

export const renewDelegationToken = neverAllowed(apis.RenewDelegationToken, {
  min: 1,
  max: 2,
  error: tokenError,
  refuse: () => ({ ...defaultRenewDelegationTokenResponse, errorCode: tokenError }),
});

export const expireDelegationToken = neverAllowed(apis.ExpireDelegationToken, {
  min: 1,
  max: 2,
  error: tokenError,
  refuse: () => ({ ...defaultExpireDelegationTokenResponse, errorCode: tokenError }),
});

/** A description holds the HMACs. */
export const describeDelegationToken = neverAllowed(apis.DescribeDelegationToken, {
  min: 1,
  max: 3,
  error: tokenError,
  refuse: () => ({ ...defaultDescribeDelegationTokenResponse, errorCode: tokenError }),
});
