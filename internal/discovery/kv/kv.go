// Package kv keeps the registry of instances in a key-value bucket of NATS JetStream. A
// lease is the time to live of a key, so the broker ends it, by its own clock.
package kv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/amends/amends/internal/discovery"
)

// Bucket is the name of the bucket that all processes of an installation share.
const Bucket = "amends-instances"

// DefaultLease is long enough to lose two renewals, and short enough that a host which
// has gone dark is dropped before most callers' deadlines.
const DefaultLease = 6 * time.Second

// markers is how long the bucket remembers that a key has ended. A watch that is away
// longer learns it from the list with which it starts again.
const markers = time.Minute

// Registry is a [discovery.Registry] in the bucket.
type Registry struct {
	js     jetstream.JetStream
	lease  time.Duration
	bucket atomic.Bool // it is known to be there
}

var _ discovery.Registry = (*Registry)(nil)

// New returns the registry of the broker behind js, which need not be reachable yet. Its
// connection must reconnect without limit. A lease is whole seconds: the broker knows no
// shorter time.
func New(js jetstream.JetStream, lease time.Duration) (*Registry, error) {
	if lease < time.Second || lease%time.Second != 0 {
		return nil, fmt.Errorf("lease %s: not a number of whole seconds", lease)
	}
	return &Registry{js: js, lease: lease}, nil
}

// value is an instance in the bucket. Fields are only ever added: processes of different
// versions read each other's.
type value struct {
	Address  string    `json:"address"`
	Version  string    `json:"version"`
	Started  time.Time `json:"started_at"`
	InFlight int64     `json:"in_flight"`
	Calls    int64     `json:"calls"`
	Errors   int64     `json:"errors"`
}

// open returns the bucket, and creates it if the broker has none. It never changes one:
// a process needs no permission for that.
func (r *Registry) open(ctx context.Context) (jetstream.KeyValue, error) {
	kv, err := r.js.KeyValue(ctx, Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = r.js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket:         Bucket,
			Description:    "who answers for a service: one lease per instance",
			History:        1,
			LimitMarkerTTL: markers, // without it a lease would end unseen
			Storage:        jetstream.FileStorage,
		})
	}
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", Bucket, err)
	}
	return kv, nil
}

// Lease implements [discovery.Registry].
func (r *Registry) Lease() time.Duration { return r.lease }

// Put implements [discovery.Registry].
func (r *Registry) Put(ctx context.Context, i discovery.Instance) error {
	if err := i.Validate(); err != nil {
		return fmt.Errorf("%w: %w", discovery.ErrIllegal, err)
	}
	content, err := json.Marshal(value{i.Address, i.Version, i.Started, i.Load.InFlight, i.Load.Calls, i.Load.Errors})
	if err != nil {
		return err
	}
	m := nats.NewMsg(subject(i.Service, i.ID))
	m.Data = content
	return r.publish(ctx, m, r.lease)
}

// Remove implements [discovery.Registry].
func (r *Registry) Remove(ctx context.Context, service, id string) error {
	m := nats.NewMsg(subject(service, id))
	m.Header.Set("KV-Operation", "DEL")
	return r.publish(ctx, m, markers)
}

// subject is that of a key: see "Key-value store" in the documentation of NATS. The
// client's own calls set a time to live only when they create a key.
func subject(service, id string) string {
	return "$KV." + Bucket + "." + service + "." + id
}

// publish sends m to the bucket, which it creates if the broker has lost it.
func (r *Registry) publish(ctx context.Context, m *nats.Msg, ttl time.Duration) error {
	for {
		fresh := !r.bucket.Load()
		if fresh {
			if _, err := r.open(ctx); err != nil {
				return err
			}
			r.bucket.Store(true)
		}
		_, err := r.js.PublishMsg(ctx, m, jetstream.WithMsgTTL(ttl), jetstream.WithRetryAttempts(0))
		if err == nil {
			return nil
		}
		if !errors.Is(err, jetstream.ErrNoStreamResponse) || fresh {
			return fmt.Errorf("bucket %s: %w", Bucket, err)
		}
		r.bucket.Store(false)
	}
}

// All implements [discovery.Registry].
func (r *Registry) All(ctx context.Context) (all []discovery.Instance, err error) {
	kv, err := r.js.KeyValue(ctx, Bucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", Bucket, err)
	}
	w, err := kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return nil, fmt.Errorf("bucket %s: %w", Bucket, err)
	}
	defer func() { err = errors.Join(err, w.Stop()) }()
	for {
		select {
		case e, ok := <-w.Updates():
			if !ok {
				return nil, errClosed
			}
			if e == nil {
				return all, nil
			}
			if c, ok := change(e); ok {
				all = append(all, c.Instances...)
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("bucket %s: %w", Bucket, context.Cause(ctx))
		}
	}
}

// change returns the change that an entry means. It is false for one that cannot be
// read: a stranger's entry must not take the others down.
func change(e jetstream.KeyValueEntry) (discovery.Change, bool) {
	service, id, _ := strings.Cut(e.Key(), ".")
	i := discovery.Instance{Service: service, ID: id}
	switch e.Operation() {
	case jetstream.KeyValuePurge: // the broker's marker of a key whose time has passed
		return discovery.Change{Kind: discovery.Expired, Instances: []discovery.Instance{i}}, true
	case jetstream.KeyValueDelete:
		return discovery.Change{Kind: discovery.Left, Instances: []discovery.Instance{i}}, true
	case jetstream.KeyValuePut:
	}
	var v value
	err := json.Unmarshal(e.Value(), &v)
	i.Address, i.Version, i.Started = v.Address, v.Version, v.Started
	i.Load = discovery.Load{InFlight: v.InFlight, Calls: v.Calls, Errors: v.Errors}
	return discovery.Change{Kind: discovery.Present, Instances: []discovery.Instance{i}}, err == nil && i.Validate() == nil
}
