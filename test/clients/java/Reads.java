import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Consumers: by assignment, in groups of either protocol, and in share groups. */
final class Reads {
  private final JsonNode asked;
  private final ArrayNode records = Main.json.createArrayNode();
  private final ArrayNode errors = Main.json.createArrayNode();

  private Reads(JsonNode asked) {
    this.asked = asked;
  }

  static ObjectNode read(JsonNode asked) {
    Properties config = Login.of(asked);
    config.put("auto.offset.reset", "earliest");
    config.put("check.crcs", "true");
    config.put("fetch.max.wait.ms", "500");
    config.put("isolation.level", asked.path("committed").asBoolean(false) ? "read_committed" : "read_uncommitted");
    config.put("allow.auto.create.topics", "false");
    List<String> topics = topicsOf(asked);
    if (asked.has("group")) {
      config.put("group.id", asked.get("group").asText());
      config.put("group.protocol", asked.path("protocol").asText("classic"));
    }
    Reads reads = new Reads(asked);
    KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    try {
      if (asked.has("group")) {
        consumer.subscribe(topics);
      } else {
        List<TopicPartition> partitions = new ArrayList<>();
        for (String topic : topics) partitions.add(new TopicPartition(topic, 0));
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
      }
      return reads.until(() -> consumer.poll(Duration.ofMillis(200)));
    } finally {
      consumer.close(CloseOptions.timeout(Duration.ofSeconds(2)));
    }
  }

  static ObjectNode share(JsonNode asked) {
    Properties config = Login.of(asked);
    config.put("group.id", asked.get("group").asText());
    Reads reads = new Reads(asked);
    KafkaShareConsumer<String, String> consumer =
        new KafkaShareConsumer<>(config, new StringDeserializer(), new StringDeserializer());
    try {
      consumer.subscribe(topicsOf(asked));
      return reads.until(() -> consumer.poll(Duration.ofMillis(200)));
    } finally {
      consumer.close(Duration.ofSeconds(2));
    }
  }

  private interface Poll {
    ConsumerRecords<String, String> once();
  }

  private ObjectNode until(Poll poll) {
    long wanted = asked.get("records").asLong();
    int wrong = asked.path("errors").asInt(0);
    int tolerated = asked.path("tolerated").asInt(wrong);
    long end = System.currentTimeMillis() + asked.path("timeoutMs").asLong(20_000);
    while (System.currentTimeMillis() < end
        && errors.size() <= tolerated
        && !(records.size() >= wanted && errors.size() >= wrong)) {
      try {
        for (ConsumerRecord<String, String> record : poll.once()) {
          records.addObject().put("topic", record.topic()).put("value", record.value());
          Main.record(asked, record.topic(), record.value());
        }
      } catch (InterruptException gone) {
        throw gone;
      } catch (RuntimeException error) {
        errors.add(Main.nameOf(error));
      }
    }
    ObjectNode result = Main.json.createObjectNode();
    result.set("records", records);
    result.set("errors", errors);
    return result;
  }

  private static List<String> topicsOf(JsonNode asked) {
    List<String> topics = new ArrayList<>();
    for (JsonNode topic : asked.get("topics")) topics.add(topic.asText());
    return topics;
  }
}
