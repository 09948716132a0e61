package kafka

import (
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// headers of our own.
const (
	headerTopic = "amends-topic"
	headerID    = "amends-id"
)

// maxRecord is the number of bytes of a message that the bus takes; the rest of the
// 1 MB that a broker takes by default is for the frame.
const maxRecord = 950_000

// encode returns a message as the broker carries it. Its error is a fault of kind bug:
// the topic or the key is not one, or the message is too large.
func encode(m event.Message) (*kgo.Record, error) {
	topic := topicOf(m.Topic)
	if m.Key == "" || topic == "" {
		return nil, fault.Errorf(fault.Bug, fault.Invalid, "publish event %s: no key, or topic %q is not evt.<service>.<fact>[.<style>]", m.ID, m.Topic)
	}
	out := &kgo.Record{Topic: topic, Key: []byte(m.Key), Value: m.Data}
	add := func(name, value string) {
		out.Headers = append(out.Headers, kgo.RecordHeader{Key: name, Value: []byte(value)})
	}
	add(headerTopic, m.Topic)
	add(headerID, m.ID)
	for name, value := range m.Header {
		add(renamed(name, "ce-", "ce_"), value)
	}
	size := len(out.Key) + len(out.Value)
	for _, h := range out.Headers {
		size += len(h.Key) + len(h.Value)
	}
	if size > maxRecord {
		return nil, fault.Errorf(fault.Bug, fault.Invalid, "publish event %s: its %d bytes are more than %d", m.ID, size, maxRecord)
	}
	return out, nil
}

// address returns the topic of a record's message, without decoding the rest.
func address(r *kgo.Record) string {
	for _, h := range r.Headers {
		if h.Key == headerTopic {
			return string(h.Value)
		}
	}
	return ""
}

// decode is the inverse of encode.
func decode(r *kgo.Record) event.Message {
	m := event.Message{Key: string(r.Key), Header: map[string]string{}, Data: r.Value}
	for _, h := range r.Headers {
		switch h.Key {
		case headerTopic:
			m.Topic = string(h.Value)
		case headerID:
			m.ID = string(h.Value)
		default:
			m.Header[renamed(h.Key, "ce_", "ce-")] = string(h.Value)
		}
	}
	return m
}

func renamed(name, from, to string) string {
	if rest, ok := strings.CutPrefix(name, from); ok {
		return to + rest
	}
	return name
}

// topicOf returns the topic at the broker of evt.<service>.<fact>, also with a style
// behind it, empty for another text.
func topicOf(topic string) string {
	if parts := strings.Split(topic, "."); len(parts) == 3 || len(parts) == 4 {
		return parts[0] + "." + parts[1]
	}
	return ""
}
