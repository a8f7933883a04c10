package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func ask(a *asked) (any, error) {
	client, err := a.Login.client()
	if err != nil {
		return nil, err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	switch a.Operation {
	case "topics":
		topics, err := admin.ListTopics(ctx)
		return map[string]any{"topics": topics.Names()}, err
	case "describeTopic":
		topics, err := admin.ListTopics(ctx, a.Topic)
		if err == nil {
			err = topics[a.Topic].Err
		}
		id := topics[a.Topic].ID
		return map[string]any{"topicId": base64.RawURLEncoding.EncodeToString(id[:])}, err
	case "describeTopicId":
		request := kmsg.NewPtrMetadataRequest()
		topic := kmsg.NewMetadataRequestTopic()
		id, err := base64.RawURLEncoding.DecodeString(a.TopicID)
		if err != nil {
			return nil, err
		}
		copy(topic.TopicID[:], id)
		request.Topics = append(request.Topics, topic)
		response, err := request.RequestWith(ctx, client)
		if err != nil {
			return nil, err
		}
		one := response.Topics[0]
		if err := kerr.ErrorForCode(one.ErrorCode); err != nil {
			return nil, err
		}
		return map[string]any{"topic": one.Topic}, nil
	case "groups":
		groups, err := admin.ListGroups(ctx)
		return map[string]any{"groups": groups.Groups()}, err
	case "describeGroups":
		// One FindCoordinator asks for all of them.
		described, err := admin.DescribeGroups(ctx, a.Groups...)
		results := map[string]string{}
		for name, one := range described {
			results[name] = "NONE"
			if one.Err != nil {
				results[name] = nameOf(one.Err)
			}
		}
		// What has no coordinator for this client is told apart from the rest.
		var shards *kadm.ShardErrors
		if !errors.As(err, &shards) {
			return map[string]any{"results": results}, err
		}
		for _, shard := range shards.Errs {
			if request, ok := shard.Req.(*kmsg.DescribeGroupsRequest); ok {
				for _, name := range request.Groups {
					results[name] = nameOf(shard.Err)
				}
			}
		}
		return map[string]any{"results": results}, nil
	default:
		return nil, fmt.Errorf("unsupported: %s", a.Operation)
	}
}
