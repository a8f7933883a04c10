import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Producers, with transactions and without. */
final class Write {
  static ObjectNode produce(JsonNode asked) throws Exception {
    Properties config = Login.of(asked);
    config.put("compression.type", asked.path("codec").asText("none"));
    config.put("enable.idempotence", String.valueOf(asked.path("idempotent").asBoolean(false)));
    config.put("acks", asked.path("acks").asInt(-1) == 0 ? "0" : "all");
    config.put("linger.ms", "5");
    config.put("delivery.timeout.ms", "15000");
    config.put("max.block.ms", "15000");
    boolean transactional = asked.has("transactionalId");
    if (transactional) {
      config.put("transactional.id", asked.get("transactionalId").asText());
      config.put("enable.idempotence", "true");
    }
    ArrayNode results = Main.json.createArrayNode();
    try (KafkaProducer<String, String> producer =
        new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
      if (transactional) {
        producer.initTransactions();
        producer.beginTransaction();
      }
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (JsonNode record : asked.get("records")) {
        sent.add(producer.send(new ProducerRecord<>(record.get("topic").asText(), record.get("value").asText())));
      }
      producer.flush();
      for (Future<RecordMetadata> one : sent) results.add(outcome(one));
      if (transactional) {
        if (asked.path("abort").asBoolean(false)) producer.abortTransaction();
        else producer.commitTransaction();
      }
    }
    ObjectNode result = Main.json.createObjectNode();
    result.set("results", results);
    return result;
  }

  private static String outcome(Future<RecordMetadata> sent) {
    try {
      sent.get();
      return "NONE";
    } catch (Exception error) {
      return Main.nameOf(error);
    }
  }

  static ObjectNode pipe(JsonNode asked) {
    Properties config = Login.of(asked);
    config.put("transactional.id", asked.get("transactionalId").asText());
    config.put("group.id", asked.get("group").asText());
    config.put("auto.offset.reset", "earliest");
    config.put("enable.auto.commit", "false");
    config.put("isolation.level", "read_committed");
    config.put("max.poll.records", "5");
    int wanted = asked.get("records").asInt();
    try (KafkaProducer<String, String> producer =
            new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
        KafkaConsumer<String, String> consumer =
            new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer())) {
      producer.initTransactions();
      consumer.subscribe(List.of(asked.get("from").asText()));
      long end = System.currentTimeMillis() + 20_000;
      for (int done = 0; done < wanted; ) {
        if (System.currentTimeMillis() > end) throw new IllegalStateException("only " + done + " were read");
        ConsumerRecords<String, String> records = consumer.poll(Duration.ofMillis(200));
        if (records.isEmpty()) continue;
        producer.beginTransaction();
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        for (ConsumerRecord<String, String> record : records) {
          producer.send(new ProducerRecord<>(asked.get("to").asText(), "did " + record.value()));
          offsets.put(
              new TopicPartition(record.topic(), record.partition()), new OffsetAndMetadata(record.offset() + 1));
        }
        producer.sendOffsetsToTransaction(offsets, consumer.groupMetadata());
        producer.commitTransaction();
        done += records.count();
      }
    }
    return Main.json.createObjectNode();
  }
}
