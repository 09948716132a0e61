// Package subject translates messages of events into those of NATS, and back.
package subject

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

// notInToken lists the visible characters that are no part of a subject's token.
const notInToken = ".*>"

// key is the attribute of an event's key, which the Partitioning extension of CloudEvents
// defines. A subject with the key would be another one for each order, and the server
// keeps an entry of its index in memory for each subject of its stream.
const key = "ce-partitionkey"

// end is the last token of every subject: a topic of all styles is a prefix of those with one,
// so that "topic.>" matches both. Events of earlier releases have the key there.
const end = ".all"

// Encode returns a message as the broker carries it. Its error is a fault of kind bug:
// the topic or the key is not one.
func Encode(m event.Message) (*nats.Msg, error) {
	if dots := strings.Count(m.Topic, "."); m.Key == "" || dots < 2 || dots > 3 {
		return nil, fault.Errorf(fault.Bug, fault.Invalid, "publish event %s: no key, or topic %q is not evt.<service>.<fact>[.<style>]", m.ID, m.Topic)
	}
	out := &nats.Msg{Subject: m.Topic + end, Data: m.Data, Header: nats.Header{}}
	for name, value := range m.Header {
		out.Header[name] = []string{escape(value, `"`)}
	}
	out.Header[key] = []string{escape(m.Key, `"`)}
	out.Header[nats.MsgIdHdr] = []string{m.ID}
	return out, nil
}

// Decode is the inverse of [Encode]. A part that another publisher did not encode stays as
// it is: such a message must not stop those behind it.
func Decode(subject string, header nats.Header, data []byte) event.Message {
	m := event.Message{
		ID: header.Get(nats.MsgIdHdr), Topic: subject[:max(strings.LastIndexByte(subject, '.'), 0)], Key: unescape(header.Get(key)),
		Header: map[string]string{}, Data: data,
	}
	for name, values := range header {
		if !strings.HasPrefix(name, "Nats-") && len(values) > 0 {
			m.Header[name] = unescape(values[0])
		}
	}
	return m
}

// Bell returns the subject of the rings for name.
func Bell(name string) string { return "bell." + escape(name, notInToken) }

func unescape(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

// escape percent-encodes each byte that is not visible ASCII, the percent sign, and the
// others given. The NATS binding of CloudEvents asks for that in headers.
func escape(text, others string) string {
	var out strings.Builder
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c > '~' || c == '%' || strings.IndexByte(others, c) >= 0 {
			fmt.Fprintf(&out, "%%%02X", c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}
