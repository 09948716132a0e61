package event

import (
	"strconv"
	"strings"
	"time"

	"github.com/amends/amends/fault"
)

// Message is an event as a [Bus] carries it.
type Message struct {
	// ID is the event's; a bus may drop a message that it has stored a moment ago.
	ID string
	// Topic and Key address the message: see [Declaration.TopicOf] and [Event.Key].
	Topic, Key string
	// Header holds the CloudEvents attributes in binary mode, "ce-" before each name; that of
	// the key, ce-partitionkey, may also be added by the bus.
	Header map[string]string
	// Data is the event's.
	Data []byte
}

// specversion is the version of CloudEvents.
const specversion = "1.0"

// Encode returns e as a message.
func Encode(e Event) Message {
	service, name, _ := split(e.Type)
	d := Declaration{Service: service, Name: name}
	h := map[string]string{
		"ce-specversion": specversion, "ce-id": e.ID, "ce-type": e.Type, "ce-source": d.Source(),
		"ce-subject": e.Key, "ce-partitionkey": e.Key, "ce-time": e.Time.UTC().Format(time.RFC3339Nano),
		"content-type": "application/json",
	}
	for name, value := range map[string]string{
		"ce-correlationid": e.Correlation, "ce-causationid": e.Causation, "ce-traceparent": e.Trace, "ce-style": e.Style,
	} {
		if value != "" {
			h[name] = value
		}
	}
	if e.Sequence > 0 {
		h["ce-sequence"] = strconv.FormatInt(e.Sequence, 10)
	}
	if e.Hops > 0 {
		h["ce-hops"] = strconv.Itoa(e.Hops)
	}
	return Message{ID: e.ID, Topic: d.TopicOf(e.Style), Key: e.Key, Header: h, Data: e.Data}
}

// Decode is the inverse of [Encode]. Its error is a fault of kind bug with code INVALID.
// It ignores attributes that it does not know.
func Decode(m Message) (Event, error) {
	h := m.Header
	e := Event{
		ID: h["ce-id"], Type: h["ce-type"], Key: h["ce-partitionkey"], Correlation: h["ce-correlationid"],
		Causation: h["ce-causationid"], Trace: h["ce-traceparent"], Style: h["ce-style"], Data: m.Data,
	}
	if !e.readable() || h["ce-specversion"] != specversion {
		return Event{}, fault.Errorf(fault.Bug, fault.Invalid, "message %q on %s is not an event", m.ID, m.Topic)
	}
	var err error
	if e.Time, err = time.Parse(time.RFC3339Nano, h["ce-time"]); err != nil {
		return Event{}, fault.Errorf(fault.Bug, fault.Invalid, "event %s: its time: %w", e.ID, err)
	}
	if text := h["ce-sequence"]; text != "" {
		if e.Sequence, err = strconv.ParseInt(text, 10, 64); err != nil {
			return Event{}, fault.Errorf(fault.Bug, fault.Invalid, "event %s: its sequence: %w", e.ID, err)
		}
	}
	if text := h["ce-hops"]; text != "" {
		if e.Hops, err = strconv.Atoi(text); err != nil {
			return Event{}, fault.Errorf(fault.Bug, fault.Invalid, "event %s: its hops: %w", e.ID, err)
		}
	}
	return e, nil
}

// split returns the service and the name in a type such as "amends.order.placed.v1".
func split(eventType string) (service, name string, ok bool) {
	parts := strings.Split(eventType, ".")
	if len(parts) != 4 || parts[0] != "amends" {
		return "", "", false
	}
	return parts[1], parts[2], true
}
