import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.security.auth.callback.Callback;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.auth.AuthenticateCallbackHandler;
import org.apache.kafka.common.security.auth.SaslExtensionsCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerToken;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerTokenCallback;

/** Hands out one token, however bad it is. */
public final class FixedToken implements AuthenticateCallbackHandler {
  private String token;

  @Override
  public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> entries) {
    token = String.valueOf(entries.get(0).getOptions().get("token"));
  }

  @Override
  public void handle(Callback[] callbacks) {
    for (Callback callback : callbacks) {
      if (callback instanceof OAuthBearerTokenCallback) ((OAuthBearerTokenCallback) callback).token(bearer());
      else if (!(callback instanceof SaslExtensionsCallback)) throw new IllegalArgumentException(callback.toString());
    }
  }

  private OAuthBearerToken bearer() {
    long now = System.currentTimeMillis();
    return new OAuthBearerToken() {
      @Override
      public String value() {
        return token;
      }

      @Override
      public Set<String> scope() {
        return Set.of();
      }

      @Override
      public long lifetimeMs() {
        return now + 3_600_000;
      }

      @Override
      public String principalName() {
        return "whoever";
      }

      @Override
      public Long startTimeMs() {
        return now;
      }
    };
  }

  @Override
  public void close() {}
}
