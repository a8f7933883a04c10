import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.LogEvent;
import org.apache.logging.log4j.core.Logger;
import org.apache.logging.log4j.core.appender.AbstractAppender;
import org.apache.logging.log4j.core.config.Configurator;
import org.apache.logging.log4j.core.config.Property;

/** Listens to what the client logs of its requests: the newest version of each. */
final class Versions extends AbstractAppender {
  private static final Pattern request = Pattern.compile("apiKey=(\\w+), apiVersion=(\\d+)");
  private static final Map<String, Integer> newest = new TreeMap<>();

  private Versions() {
    super("versions", null, null, true, Property.EMPTY_ARRAY);
  }

  static void listen() {
    String network = "org.apache.kafka.clients.NetworkClient";
    Versions versions = new Versions();
    versions.start();
    Configurator.setLevel(network, Level.DEBUG);
    Logger logger = (Logger) LogManager.getLogger(network);
    logger.setAdditive(false);
    logger.addAppender(versions);
  }

  @Override
  public void append(LogEvent event) {
    Matcher found = request.matcher(event.getMessage().getFormattedMessage());
    if (!found.find()) return;
    synchronized (newest) {
      newest.merge(found.group(1), Integer.valueOf(found.group(2)), Math::max);
    }
  }

  /** As the protocol names it: ADD_PARTITIONS_TO_TXN is AddPartitionsToTxn. */
  private static String named(String api) {
    StringBuilder name = new StringBuilder();
    for (String word : api.split("_")) name.append(word.charAt(0)).append(word.substring(1).toLowerCase());
    return name.toString();
  }

  static ObjectNode result() {
    ObjectNode result = Main.json.createObjectNode();
    ObjectNode versions = result.putObject("versions");
    synchronized (newest) {
      newest.forEach((api, version) -> versions.put(named(api), version));
    }
    return result;
  }
}
