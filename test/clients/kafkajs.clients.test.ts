import { kafkajsClient } from './kafkajs.ts';
import { matrix } from './matrix.ts';

matrix('kafkajs', kafkajsClient);
