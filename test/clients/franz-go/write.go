package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

var codecs = map[string]kgo.CompressionCodec{
	"":       kgo.NoCompression(),
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

func produce(a *asked) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	defer cancel()
	var records []record
	if err := json.Unmarshal(a.Records, &records); err != nil {
		return nil, err
	}
	opts := []kgo.Opt{
		kgo.ProducerBatchCompression(codecs[a.Codec]),
		kgo.ProducerLinger(5 * time.Millisecond),
		kgo.AllowAutoTopicCreation(),
		kgo.RecordDeliveryTimeout(10 * time.Second),
	}
	transactional := a.TransactionalID != ""
	if transactional {
		opts = append(opts, kgo.TransactionalID(a.TransactionalID))
	} else if !a.Idempotent {
		opts = append(opts, kgo.DisableIdempotentWrite())
	}
	if a.Acks != nil && *a.Acks == 0 {
		opts = append(opts, kgo.RequiredAcks(kgo.NoAck()))
	}
	client, err := a.Login.client(opts...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if transactional {
		if err := client.BeginTransaction(); err != nil {
			return nil, err
		}
	}
	results := make([]string, len(records))
	for i, one := range records {
		client.Produce(ctx, &kgo.Record{Topic: one.Topic, Value: []byte(one.Value)}, func(_ *kgo.Record, err error) {
			results[i] = "NONE"
			if err != nil {
				results[i] = nameOf(err)
			}
		})
	}
	if err := client.Flush(ctx); err != nil {
		return nil, err
	}
	if transactional {
		if err := client.EndTransaction(ctx, kgo.TransactionEndTry(!a.Abort)); err != nil {
			return nil, err
		}
	}
	return map[string]any{"results": results}, nil
}

func pipe(a *asked) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	session, err := kgo.NewGroupTransactSession(
		kgo.SeedBrokers(a.Login.Address),
		kgo.SASL(a.Login.mechanism()),
		kgo.WithLogger(&newest),
		kgo.TransactionalID(a.TransactionalID),
		kgo.ConsumerGroup(a.Group),
		kgo.ConsumeTopics(a.From),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.RequireStableFetchOffsets(),
	)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	for done := 0; done < a.count(); {
		fetches := session.PollRecords(ctx, 5)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("after %d: %w", done, err)
		}
		if fetches.NumRecords() == 0 {
			continue
		}
		if err := session.Begin(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			session.Produce(ctx, &kgo.Record{Topic: a.To, Value: append([]byte("did "), r.Value...)}, nil)
		})
		committed, err := session.End(ctx, kgo.TryCommit)
		if err != nil {
			return nil, err
		}
		if committed {
			done += fetches.NumRecords()
		}
	}
	return map[string]any{}, nil
}
