import com.fasterxml.jackson.databind.JsonNode;
import java.util.Properties;

/** The configuration of a client that logs in as `login` says. */
final class Login {
  private static final String classes = "org.apache.kafka.common.security.";

  static Properties of(JsonNode asked) {
    JsonNode login = asked.get("login");
    String mechanism = login.get("mechanism").asText();
    Properties config = new Properties();
    config.put("bootstrap.servers", login.get("address").asText());
    config.put("security.protocol", login.has("ca") ? "SASL_SSL" : "SASL_PLAINTEXT");
    config.put("sasl.mechanism", mechanism);
    config.put("request.timeout.ms", "10000");
    config.put("default.api.timeout.ms", "15000");
    if (login.has("ca")) {
      config.put("ssl.truststore.type", "PEM");
      config.put("ssl.truststore.location", login.get("ca").asText());
    }
    String user = login.get("user").asText();
    String password = login.get("password").asText();
    switch (mechanism) {
      case "OAUTHBEARER":
        config.put("sasl.jaas.config", classes + "oauthbearer.OAuthBearerLoginModule required;");
        config.put("sasl.login.callback.handler.class", classes + "oauthbearer.OAuthBearerLoginCallbackHandler");
        if (login.has("tokenUrl")) {
          config.put("sasl.oauthbearer.token.endpoint.url", login.get("tokenUrl").asText());
          config.put("sasl.oauthbearer.client.credentials.client.id", user);
          config.put("sasl.oauthbearer.client.credentials.client.secret", login.get("clientSecret").asText());
        } else {
          config.put("sasl.login.callback.handler.class", FixedToken.class.getName());
          config.put("sasl.jaas.config", classes + "oauthbearer.OAuthBearerLoginModule required token=\"" + password + "\";");
        }
        break;
      case "PLAIN":
        config.put("sasl.jaas.config", jaas("plain.PlainLoginModule", user, password));
        break;
      default:
        config.put("sasl.jaas.config", jaas("scram.ScramLoginModule", user, password));
    }
    return config;
  }

  private static String jaas(String module, String user, String password) {
    return classes + module + " required username=\"" + user + "\" password=\"" + password + "\";";
  }
}
