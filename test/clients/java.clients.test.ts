import { javaClient } from './java.ts';
import { matrix } from './matrix.ts';

matrix('java', javaClient);
