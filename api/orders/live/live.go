// Package live answers what happens to an order as a stream of server-sent events, from the
// timeline of the read model.
package live

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/background"
	"github.com/amends/amends/services/query"
)

// Model is the part of the read model that is asked; see [query.Orders].
type Model interface {
	Timeline(ctx context.Context, id string) ([]query.Entry, error)
	Follow(ctx context.Context, id string, after query.Position, send func(query.Entry) error) error
}

// Handlers answers the operation.
type Handlers struct {
	access   *orders.Access
	model    Model // or nil
	draining <-chan struct{}
	beat     time.Duration
}

// New returns handlers that follow orders at m, nil for no read model, for those to whom a
// gives access. Streams end once draining is closed, and have a comment each beat, so that
// no proxy takes them for dead.
func New(a *orders.Access, m Model, draining <-chan struct{}, beat time.Duration) *Handlers {
	return &Handlers{a, m, draining, beat}
}

// findTime bounds the part of the answer that is no stream.
const findTime = 4 * time.Second

// FollowOrder streams the events of an order.
func (h *Handlers) FollowOrder(ctx context.Context, r contract.FollowOrderRequestObject) (contract.FollowOrderResponseObject, error) {
	id, err := orders.ParseID(r.Id)
	if err != nil {
		return nil, err
	}
	var after query.Position
	if last := r.Params.LastEventID; last != nil {
		if after, err = query.ParsePosition(*last); err != nil {
			return nil, &problem.Problem{Code: problem.BadRequest, Detail: "Last-Event-ID must be the id of an event of this stream.", Cause: err}
		}
	}
	if h.model == nil {
		return nil, problem.NoReadModel()
	}
	finding, cancel := context.WithTimeout(ctx, findTime)
	defer cancel()
	if _, err := h.access.Find(finding, id); err != nil {
		return nil, err
	}
	if h.over(finding, id, after) {
		return contract.FollowOrder204Response{}, nil
	}
	return &stream{ctx: ctx, source: source{h.model, id, after}, draining: h.draining, beat: h.beat}, nil
}

// longOver is how long after the end of an order its stream is over for good, although facts
// about its steps are missing: services are heard in any order, and one of them may be away.
const longOver = time.Minute

// over reports whether a client that comes again has all of a stream that has ended long ago.
// One that ended a moment ago is asked for more.
func (h *Handlers) over(ctx context.Context, id string, after query.Position) bool {
	if after == (query.Position{}) {
		return false
	}
	entries, err := h.model.Timeline(ctx, id)
	if err != nil || len(entries) == 0 || entries[len(entries)-1].Position != after {
		return false
	}
	return slices.ContainsFunc(entries, func(e query.Entry) bool { return e.Ends && time.Since(e.At) > longOver })
}

// source is the timeline of one order behind a position.
type source struct {
	model Model
	order string
	after query.Position
}

// turn bounds one call of the read model; a stream takes as many as it needs.
const turn = 5 * time.Minute

// follow calls send with the entries as they come, and returns nil behind the last one.
// Failures that may pass are outlasted, but only once goOn reports that the stream has begun:
// before, the client is told. An order that the read model does not know yet is waited for.
func (s *source) follow(ctx context.Context, goOn func() bool, send func(query.Entry) error) error {
	again := background.Retry{Final: func(err error) bool {
		switch {
		case fault.CodeOf(err) == fault.NotFound:
			return false
		case fault.KindOf(err) == fault.Transient, fault.KindOf(err) == fault.Unknown:
			return !goOn()
		default:
			return true
		}
	}}
	return again.Do(ctx, func(ctx context.Context) error { //nolint:wrapcheck // a fault for the client
		for {
			err := s.turn(ctx, send)
			if ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
				return err
			}
		}
	})
}

// turn follows for a while. It remembers the position of what was sent.
func (s *source) turn(ctx context.Context, send func(query.Entry) error) error {
	ctx, cancel := context.WithTimeout(ctx, turn)
	defer cancel()
	err := s.model.Follow(ctx, s.order, s.after, func(e query.Entry) error {
		if err := send(e); err != nil {
			return err
		}
		s.after = e.Position
		return nil
	})
	if err != nil {
		return fmt.Errorf("follow order %s: %w", s.order, err)
	}
	return nil
}
