import { plainContract } from './contract-views.ts';
import { forgeContract } from './forge-contract.ts';

forgeContract(plainContract);
