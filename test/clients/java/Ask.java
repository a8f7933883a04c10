import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeConsumerGroupsResult;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.Uuid;

/** What an administrator asks. */
final class Ask {
  static ObjectNode run(JsonNode asked) throws Exception {
    ObjectNode result = Main.json.createObjectNode();
    try (Admin admin = Admin.create(Login.of(asked))) {
      switch (asked.get("operation").asText()) {
        case "topics":
          ArrayNode topics = result.putArray("topics");
          for (String name : admin.listTopics().names().get()) topics.add(name);
          return result;
        case "describeTopic":
          List<String> names = List.of(asked.get("topic").asText());
          Uuid id = admin.describeTopics(names).allTopicNames().get().get(names.get(0)).topicId();
          return result.put("topicId", id.toString());
        case "describeTopicId":
          Uuid asId = Uuid.fromString(asked.get("topicId").asText());
          TopicCollection ids = TopicCollection.ofTopicIds(List.of(asId));
          return result.put("topic", admin.describeTopics(ids).allTopicIds().get().get(asId).name());
        case "groups":
          ArrayNode groups = result.putArray("groups");
          for (GroupListing group : admin.listGroups().all().get()) groups.add(group.groupId());
          return result;
        case "describeGroups":
          ObjectNode results = result.putObject("results");
          List<String> wanted = new ArrayList<>();
          for (JsonNode group : asked.get("groups")) wanted.add(group.asText());
          DescribeConsumerGroupsResult described = admin.describeConsumerGroups(wanted);
          described.describedGroups().forEach((group, future) -> {
            try {
              future.get();
              results.put(group, "NONE");
            } catch (Exception error) {
              results.put(group, Main.nameOf(error));
            }
          });
          return result;
        default:
          throw new IllegalArgumentException(asked.get("operation").asText());
      }
    }
  }
}
