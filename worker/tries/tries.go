// Package tries lets the worker that runs the sagas make the first tries of express steps,
// see [saga.BindTry].
package tries

import (
	"context"

	"google.golang.org/grpc"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/participant"
	"github.com/amends/amends/worker/registry"
)

// remoteSlots bounds the first tries at a time at a service of another process.
const remoteSlots = 32

// Tries knows who does the steps of each service.
type Tries struct {
	// Steps are those of the services of this process, whose stores are Local.
	Steps *saga.Steps
	Local []*registry.Stores
	// Remote are connections to services of other processes, by name. The steps of a
	// service that is in neither are durable at once.
	Remote map[string]grpc.ClientConnInterface
}

// Bind registers the first tries of all services at the worker that runs the sagas,
// except for those of its own service, which has the steps themselves. A service of this
// process has as many slots as at its own worker.
func (t Tries) Bind(r saga.Registry) {
	for _, row := range registry.All {
		if row.Try != nil {
			p, slots := t.participant(row.Name)
			row.Try(r, participant.Guard(p, slots))
		}
	}
}

// Slots returns how many tries may be made at a time, at all services together.
func (t Tries) Slots() (n int) {
	for _, row := range registry.All {
		if row.Try != nil {
			_, slots := t.participant(row.Name)
			n += slots
		}
	}
	return n
}

// participant returns who does the steps of a service, and with how many slots.
func (t Tries) participant(service string) (p saga.Participant, slots int) {
	for _, s := range t.Local {
		if s.Row.Name == service {
			return t.Steps, s.Slots()
		}
	}
	if conn, ok := t.Remote[service]; ok {
		return participant.NewClient(conn), remoteSlots
	}
	return nowhere{}, 1
}

// nowhere is a service that cannot be called from here.
type nowhere struct{}

// Do implements [saga.Participant].
func (nowhere) Do(context.Context, saga.Key, []byte) ([]byte, error) {
	return nil, fault.Errorf(fault.Transient, fault.Unavailable, "it is not configured where the service answers calls")
}
