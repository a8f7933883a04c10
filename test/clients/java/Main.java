import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.utils.AppInfoParser;

/** Does what JSON lines on stdin ask with Kafka's own clients, and answers in JSON lines. See operations.ts. */
public final class Main {
  static final ObjectMapper json = new ObjectMapper();
  static final PrintStream out = System.out;

  public static void main(String[] arguments) throws Exception {
    System.setOut(System.err);
    Versions.listen();
    ExecutorService threads = Executors.newCachedThreadPool();
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      JsonNode asked = json.readTree(line);
      threads.execute(() -> answer(asked));
    }
    System.exit(0);
  }

  private static void answer(JsonNode asked) {
    ObjectNode line = json.createObjectNode().put("id", asked.get("id").asLong());
    try {
      line.set("result", run(asked));
    } catch (Throwable error) {
      line.put("failed", nameOf(error)).put("message", reasonOf(error));
    }
    say(line);
  }

  private static ObjectNode run(JsonNode asked) throws Exception {
    switch (asked.get("operation").asText()) {
      case "version":
        return json.createObjectNode().put("version", AppInfoParser.getVersion());
      case "produce":
        return Write.produce(asked);
      case "pipe":
        return Write.pipe(asked);
      case "read":
        return asked.path("protocol").asText().equals("share") ? Reads.share(asked) : Reads.read(asked);
      case "streams":
        return Streams.run(asked);
      case "versions":
        return Versions.result();
      default:
        return Ask.run(asked);
    }
  }

  /** A record that was read, at once. */
  static void record(JsonNode asked, String topic, String value) {
    ObjectNode line = json.createObjectNode().put("id", asked.get("id").asLong());
    line.putObject("record").put("topic", topic).put("value", value);
    say(line);
  }

  static String nameOf(Throwable error) {
    for (Throwable one = error; one != null; one = one.getCause()) {
      Errors known = Errors.forException(one);
      if (known != Errors.UNKNOWN_SERVER_ERROR) return known.name();
    }
    return error.getClass().getSimpleName();
  }

  private static String reasonOf(Throwable error) {
    StringBuilder text = new StringBuilder();
    for (Throwable one = error; one != null; one = one.getCause()) text.append(one).append("; ");
    return text.toString();
  }

  private static void say(ObjectNode line) {
    synchronized (out) {
      out.println(line);
      out.flush();
    }
  }
}
