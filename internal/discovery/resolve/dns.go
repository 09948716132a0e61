package resolve

import (
	"context"
	"time"

	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/dns"
)

// shortest is the least time between two lookups of one host. gRPC's own 30 s would also
// delay the lookups of the timer. It holds for all connections of the process.
const shortest = time.Second

func init() { dns.SetMinResolutionInterval(shortest) } // the only moment at which gRPC allows it

// dnsBuilder builds gRPC's resolver, and asks it on a timer too.
type dnsBuilder struct {
	resolver.Builder

	every time.Duration
}

// Build implements [resolver.Builder].
func (b dnsBuilder) Build(t resolver.Target, cc resolver.ClientConn, o resolver.BuildOptions) (resolver.Resolver, error) {
	inner, err := b.Builder.Build(t, cc, o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &dnsResolver{Resolver: inner, timer: running{stop: cancel}}
	r.timer.done.Go(func() {
		tick := time.NewTicker(b.every)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				inner.ResolveNow(resolver.ResolveNowOptions{})
			}
		}
	})
	return r, nil
}

type dnsResolver struct {
	resolver.Resolver

	timer running
}

// Close implements [resolver.Resolver].
func (r *dnsResolver) Close() {
	r.timer.Close()
	r.Resolver.Close()
}
