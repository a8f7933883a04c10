package main

import (
	"context"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

func read(a *asked) (any, error) {
	opts := []kgo.Opt{kgo.FetchMaxWait(500 * time.Millisecond)}
	if a.Committed {
		opts = append(opts, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	start := kgo.NewOffset().AtStart()
	switch {
	case a.Protocol == "share":
		opts = append(opts, kgo.ShareGroup(a.Group), kgo.ConsumeTopics(a.Topics...))
	case a.Group != "":
		opts = append(opts, kgo.ConsumerGroup(a.Group), kgo.ConsumeTopics(a.Topics...), kgo.ConsumeResetOffset(start))
		if a.Protocol == "consumer" {
			opts = append(opts, kgo.ServerSideBalancer(), kgo.Balancers(kgo.RangeBalancer()))
		}
	default:
		partitions := map[string]map[int32]kgo.Offset{}
		for _, topic := range a.Topics {
			partitions[topic] = map[int32]kgo.Offset{0: start}
		}
		opts = append(opts, kgo.ConsumePartitions(partitions), kgo.ConsumeResetOffset(start))
	}
	client, err := a.Login.client(opts...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	timeout := 20 * time.Second
	if a.TimeoutMs > 0 {
		timeout = time.Duration(a.TimeoutMs) * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	tolerated := a.Errors
	if a.Tolerated != nil {
		tolerated = *a.Tolerated
	}
	records, failed := []record{}, []string{}
	for len(failed) <= tolerated && !(len(records) >= a.count() && len(failed) >= a.Errors) {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			break
		}
		fetches.EachError(func(_ string, _ int32, err error) { failed = append(failed, nameOf(err)) })
		fetches.EachRecord(func(r *kgo.Record) {
			one := record{r.Topic, string(r.Value)}
			records = append(records, one)
			say(map[string]any{"id": a.ID, "record": one})
		})
	}
	if a.Group != "" && a.Protocol != "share" {
		leaving, done := context.WithTimeout(context.Background(), 2*time.Second)
		defer done()
		_ = client.LeaveGroupContext(leaving)
	}
	return map[string]any{"records": records, "errors": failed}, nil
}
