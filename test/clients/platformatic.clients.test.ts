import { matrix } from './matrix.ts';
import { platformaticClient } from './platformatic.ts';

matrix('platformatic', platformaticClient);
