import { kcatClient } from './kcat.ts';
import { matrix } from './matrix.ts';

matrix('kcat', kcatClient);
