import { librdkafkaClient } from './librdkafka.ts';
import { matrix } from './matrix.ts';

matrix('librdkafka', librdkafkaClient);
