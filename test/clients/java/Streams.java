import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.state.Stores;

/** An application with a repartition topic and a changelog, which the broker or the client creates. */
final class Streams {
  static ObjectNode run(JsonNode asked) throws Exception {
    Path folder = Files.createTempDirectory("sluice-streams-");
    Properties config = Login.of(asked);
    config.put("application.id", asked.get("applicationId").asText());
    config.put("group.protocol", asked.get("protocol").asText());
    config.put("auto.offset.reset", "earliest");
    config.put("state.dir", folder.toString());
    config.put("commit.interval.ms", "200");
    config.put("processing.guarantee", "exactly_once_v2");
    config.put("num.stream.threads", "1");
    config.put("replication.factor", "1");
    int wanted = asked.get("records").asInt();
    CountDownLatch done = new CountDownLatch(wanted);
    AtomicReference<Throwable> wrong = new AtomicReference<>();
    StreamsBuilder builder = new StreamsBuilder();
    builder
        .stream(asked.get("from").asText(), Consumed.with(Serdes.String(), Serdes.String()))
        .groupBy((key, value) -> value, Grouped.with(Serdes.String(), Serdes.String()))
        .count(Materialized.<String, Long>as(Stores.inMemoryKeyValueStore("counts")).withCachingDisabled())
        .toStream()
        .mapValues((key, count) -> key + "=" + count)
        .peek((key, value) -> done.countDown())
        .to(asked.get("to").asText(), Produced.with(Serdes.String(), Serdes.String()));
    KafkaStreams streams = new KafkaStreams(builder.build(), config);
    streams.setUncaughtExceptionHandler(
        error -> {
          wrong.compareAndSet(null, error);
          while (done.getCount() > 0) done.countDown();
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    try {
      streams.start();
      boolean all = done.await(40, TimeUnit.SECONDS);
      if (wrong.get() != null) throw new RuntimeException(wrong.get());
      if (!all) throw new IllegalStateException(done.getCount() + " of " + wanted + " never came: " + streams.state());
      Thread.sleep(600); // the last commit
    } finally {
      streams.close(Duration.ofSeconds(5));
      try (java.util.stream.Stream<Path> files = Files.walk(folder)) {
        files.sorted(java.util.Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
      }
    }
    return Main.json.createObjectNode();
  }
}
