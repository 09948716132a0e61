package kafka

import (
	"context"
	"errors"
	"strconv"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ensure makes the topics that the broker does not have. Others stay as they are.
func (b *Bus) ensure(ctx context.Context, topics []string) error {
	ask := kmsg.NewPtrMetadataRequest()
	asked := map[string]bool{}
	for _, topic := range topics {
		if _, known := b.topics.Load(topic); !known && !asked[topic] {
			asked[topic] = true
			t := kmsg.NewMetadataRequestTopic()
			t.Topic = &topic
			ask.Topics = append(ask.Topics, t)
		}
	}
	if len(asked) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	known, err := ask.RequestWith(ctx, b.client)
	if err != nil {
		return away("ask for topics", err)
	}
	for _, t := range known.Topics {
		err := kerr.ErrorForCode(t.ErrorCode)
		if errors.Is(err, kerr.UnknownTopicOrPartition) {
			err = b.make(ctx, *t.Topic)
		}
		if err != nil {
			return away("find or make topic "+*t.Topic, err)
		}
		b.topics.Store(*t.Topic, true)
	}
	return nil
}

// make makes a topic with as many replicas as the broker's default says.
func (b *Bus) make(ctx context.Context, topic string) error {
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = topic, b.o.Partitions, -1
	age := kmsg.NewCreateTopicsRequestTopicConfig()
	age.Name, age.Value = "retention.ms", new(strconv.FormatInt(b.o.MaxAge.Milliseconds(), 10))
	t.Configs = append(t.Configs, age)
	req := kmsg.NewPtrCreateTopicsRequest()
	req.Topics = append(req.Topics, t)
	resp, err := req.RequestWith(ctx, b.client)
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
			return err
		}
	}
	return nil
}
