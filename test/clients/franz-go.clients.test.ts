import { franzGoClient } from './franz-go.ts';
import { matrix } from './matrix.ts';

matrix('franz-go', franzGoClient);
