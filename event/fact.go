package event

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/amends/amends/fault"
)

// Declaration describes a type of event.
type Declaration struct {
	// Service is the teller, for example "inventory".
	Service string
	// Name is what happened, for example "stock_changed".
	Name string
	// Version is 1 for the first. Fields are only added; anything else is a new
	// version, told beside the old one until no listener needs that.
	Version int
	// Key is the kind of thing that orders the events: "order", "sku" or "user".
	Key string
	// State facts describe an aggregate and carry its version as [Event.Sequence].
	State bool
	// Urgent facts overtake events of their key that wait at a listener.
	Urgent bool
	// About says in one sentence when the fact is told.
	About string

	data reflect.Type
}

// Type returns the CloudEvents type, for example "amends.inventory.stock_changed.v1".
func (d Declaration) Type() string {
	return "amends." + d.Service + "." + d.Name + ".v" + strconv.Itoa(d.Version)
}

// Source returns the CloudEvents source, for example "/services/inventory".
func (d Declaration) Source() string { return "/services/" + d.Service }

// Topic returns the address of the fact on a [Bus], for example
// "evt.inventory.stock_changed"; all versions share it.
func (d Declaration) Topic() string { return "evt." + d.Service + "." + d.Name }

// TopicOf returns the address, below that of the fact, of its events of a style (see
// [Event.Style]), for example "evt.inventory.stock_changed.choreographed"; without a style
// it is that of the fact.
func (d Declaration) TopicOf(style string) string {
	if style == "" {
		return d.Topic()
	}
	return d.Topic() + "." + style
}

// Data returns the Go type of the data.
func (d Declaration) Data() reflect.Type { return d.data }

// Fact is a type of event with data of type Data.
type Fact[Data any] struct{ Declaration }

// Declare returns the fact that d describes.
func Declare[Data any](d Declaration) Fact[Data] {
	d.data = reflect.TypeFor[Data]()
	return Fact[Data]{d}
}

// New returns an event of the fact about key that belongs to saga, which may be empty.
// It panics if data cannot be JSON, which is a bug of its type.
func (f Fact[Data]) New(key, saga string, data Data) Event {
	content, err := json.Marshal(data)
	if err != nil {
		panic(fmt.Sprintf("event: data of %s: %v", f.Type(), err))
	}
	return Event{Type: f.Type(), Key: key, Correlation: saga, Data: content}
}

// At returns a state fact about key at the given version of its aggregate.
func (f Fact[Data]) At(key, saga string, version int64, data Data) Event {
	e := f.New(key, saga, data)
	e.Sequence = version
	return e
}

// Read returns the data of e. Its error is a fault of kind bug with code INVALID: the
// event is of another type, or its data does not fit.
func (f Fact[Data]) Read(e Event) (Data, error) {
	var data Data
	if e.Type != f.Type() {
		return data, fault.Errorf(fault.Bug, fault.Invalid, "event %s is of type %s, not %s", e.ID, e.Type, f.Type())
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return data, fault.Errorf(fault.Bug, fault.Invalid, "event %s: its data is not that of %s: %w", e.ID, e.Type, err)
	}
	return data, nil
}
