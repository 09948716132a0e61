package balance

import (
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/balancer"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/status"
)

const (
	// penalty is how long a failure counts as a call under way, from its start.
	penalty = time.Second
	// choices is how often a pick may meet an ejected instance. Each counts as a call
	// until the pick ends, so the next choice prefers the others.
	choices = 32
)

// conn is what least request takes for its connection.
type conn struct {
	balancer.ClientConn

	instances instances
	subs      sync.Map // balancer.SubConn → *instance
	watched   atomic.Pointer[watched]
}

// NewSubConn implements [balancer.ClientConn].
func (c *conn) NewSubConn(addresses []resolver.Address, o balancer.NewSubConnOptions) (balancer.SubConn, error) {
	if len(addresses) == 0 {
		return c.ClientConn.NewSubConn(addresses, o) //nolint:staticcheck // deprecated only for several addresses
	}
	i := c.instances.get(keyOf(addresses[0]))
	var sub balancer.SubConn
	ready, listen := false, o.StateListener // gRPC calls the listener one call at a time
	o.StateListener = func(s balancer.SubConnState) {
		if up := s.ConnectivityState == connectivity.Ready; up != ready {
			ready = up
			c.instances.connected(i, up)
		}
		if s.ConnectivityState == connectivity.Shutdown {
			c.subs.Delete(sub)
		}
		listen(s)
	}
	sub, err := c.ClientConn.NewSubConn(addresses, o) //nolint:staticcheck // deprecated only for several addresses
	if err != nil {
		return nil, err
	}
	c.subs.Store(sub, i)
	return sub, nil
}

// UpdateState implements [balancer.ClientConn].
func (c *conn) UpdateState(s balancer.State) {
	if s.ConnectivityState == connectivity.Ready {
		s.Picker = &picker{inner: s.Picker, conn: c}
	}
	c.ClientConn.UpdateState(s)
}

// picker passes over the ejected instances.
type picker struct {
	inner balancer.Picker
	conn  *conn
}

// Pick implements [balancer.Picker].
func (p *picker) Pick(info balancer.PickInfo) (balancer.PickResult, error) {
	var passed []func(balancer.DoneInfo)
	defer func() {
		for _, done := range passed {
			done(balancer.DoneInfo{})
		}
	}()
	start := now()
	for range choices {
		r, i, err := p.pick(info)
		if err != nil || i == nil || !i.ejected(start) {
			return p.conn.counted(r, i, start), err
		}
		if r.Done != nil {
			passed = append(passed, r.Done)
		}
	}
	r, i, err := p.pick(info) // the ejected ones are all there is
	return p.conn.counted(r, i, start), err
}

func (p *picker) pick(info balancer.PickInfo) (balancer.PickResult, *instance, error) {
	r, err := p.inner.Pick(info)
	v, _ := p.conn.subs.Load(r.SubConn)
	i, _ := v.(*instance)
	return r, i, err
}

// counted returns r so that its instance answers for the result of the call.
func (c *conn) counted(r balancer.PickResult, i *instance, start time.Time) balancer.PickResult {
	if i == nil {
		return r
	}
	done := r.Done
	if done == nil {
		done = func(balancer.DoneInfo) {}
	}
	r.Done = func(info balancer.DoneInfo) {
		end := now()
		switch code := status.Code(info.Err); {
		case !Failed(code):
			if code != codes.Canceled {
				c.instances.succeeded(i, end)
			}
		case end.Sub(start) < penalty:
			time.AfterFunc(penalty-end.Sub(start), func() { done(info) })
			c.failed(i, end)
			return
		default:
			c.failed(i, end)
		}
		done(info)
	}
	return r
}

func (c *conn) failed(i *instance, at time.Time) {
	ejected := c.instances.failed(i, at)
	if w := c.watched.Load(); ejected > 0 && w != nil {
		w.observer.Ejected(w.service, i.key, at.Add(ejected))
	}
}

// now is for durations and for times that this process compares with its own.
func now() time.Time { return time.Now() }
