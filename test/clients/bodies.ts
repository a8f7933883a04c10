/** What each case of the table does. */

import type { Body } from './case-body.ts';
import { dataCases } from './cases/data.ts';
import { denialCases } from './cases/denials.ts';
import { groupCases } from './cases/groups.ts';
import { listingCases } from './cases/listings.ts';
import { lifeCases } from './cases/lives.ts';
import { loginCases } from './cases/logins.ts';

export const bodies: Readonly<Record<string, Body>> = {
  ...dataCases,
  ...loginCases,
  ...groupCases,
  ...listingCases,
  ...denialCases,
  ...lifeCases,
};
