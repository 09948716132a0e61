package kv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/amends/amends/internal/discovery"
)

var (
	errClosed = errors.New("the watch of the bucket has ended")
	errAway   = errors.New("the connection to the broker is lost")
)

// opening limits how long a watch may take until it has listed the bucket.
const opening = 5 * time.Second

// Watch implements [discovery.Registry].
func (r *Registry) Watch(ctx context.Context, service string, f func(discovery.Change)) error {
	if err := discovery.ValidService(service); err != nil {
		return fmt.Errorf("%w: %w", discovery.ErrIllegal, err)
	}
	for {
		again, err := r.session(ctx, service, f)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // cut off, so its error means nothing
		}
		if !again {
			return err
		}
	}
}

// session watches until the watch is lost or suspicious; again is true if it has only
// been silent. Instances renew their leases, so silence means that there are none, or
// that the broker has forgotten the watch; only a new one can tell.
func (r *Registry) session(parent context.Context, service string, f func(discovery.Change)) (again bool, err error) {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	conn := r.js.Conn()
	status := conn.StatusChanged(nats.RECONNECTING, nats.DISCONNECTED, nats.CLOSED)
	defer conn.RemoveStatusListener(status)
	if !conn.IsConnected() {
		return false, errAway
	}
	late := time.AfterFunc(opening, cancel)
	defer late.Stop()
	kv, err := r.open(ctx)
	if err != nil {
		return false, err
	}
	w, err := kv.Watch(ctx, service+".*")
	if err != nil {
		return false, fmt.Errorf("bucket %s: %w", Bucket, err)
	}
	defer func() { _ = w.Stop() }() // the connection may be gone, and the watch with it

	listing, listed := true, discovery.Change{Kind: discovery.Listed}
	silence := time.NewTimer(r.lease)
	defer silence.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, fmt.Errorf("bucket %s: no list within %s", Bucket, opening)
		case <-status:
			return false, errAway
		case <-silence.C:
			return !listing, errClosed
		case e, ok := <-w.Updates():
			if !ok {
				return false, errClosed
			}
			silence.Reset(r.lease)
			if e == nil {
				late.Stop()
				listing = false
				f(listed)
				continue
			}
			c, ok := change(e)
			switch {
			case !ok:
			case !listing:
				f(c)
			case c.Kind == discovery.Present:
				listed.Instances = append(listed.Instances, c.Instances...)
			}
		}
	}
}
