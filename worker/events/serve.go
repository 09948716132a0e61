package events

import (
	"google.golang.org/grpc"

	"github.com/amends/amends/event/inbox/retry"
	retryrpc "github.com/amends/amends/event/inbox/retry/rpc"
	"github.com/amends/amends/worker/registry"
)

// Serve answers the calls of the own methods of services, and of the letters of those that
// listen.
func Serve(on grpc.ServiceRegistrar, stores []*registry.Stores) {
	letters := map[string]retry.Retrier{}
	for _, s := range stores {
		s.Row.Serve(on, s)
		if s.Row.Listen != nil {
			letters[s.Row.Name] = retry.In(s.Own)
		}
	}
	retryrpc.Register(on, letters)
}
