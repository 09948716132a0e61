package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/gather"
	"github.com/amends/amends/api/orders"
	"github.com/amends/amends/internal/orders/lookup"
	"github.com/amends/amends/services/query"
)

const (
	// settle is how long the first entry is waited for before the status is sent: until then,
	// a stream that fails is answered with its problem.
	settle = 200 * time.Millisecond
	// slow is how long a client may take for one event; then the connection is closed.
	slow = 30 * time.Second
)

// stream is the answer that does not end. It implements
// [github.com/amends/amends/api/contract.FollowOrderResponseObject].
type stream struct {
	ctx      context.Context //nolint:containedctx // of the request, which is answered while it lives
	source   source
	draining <-chan struct{}
	beat     time.Duration

	begun atomic.Bool // the status was sent
}

// VisitFollowOrderResponse writes the stream until it ends, its client leaves, or the server
// stops.
func (s *stream) VisitFollowOrderResponse(w http.ResponseWriter) error {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	entries, ended := make(chan query.Entry), make(chan error, 1)
	go func() {
		ended <- gather.Guard(func() error {
			return s.source.follow(ctx, s.begun.Load, func(e query.Entry) error {
				select {
				case entries <- e:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
		})()
	}()
	return s.write(ctx, newWriter(w), entries, ended)
}

// write writes entries as they come. Once the status was sent it has no error but one of this program: the
// client can be told nothing more, and comes again.
func (s *stream) write(ctx context.Context, out *writer, entries <-chan query.Entry, ended <-chan error) error {
	settled, beat := time.NewTimer(settle), time.NewTicker(s.beat)
	defer settled.Stop()
	defer beat.Stop()
	for {
		var err error
		select {
		case e := <-entries:
			err = s.begin(out)
			if err == nil {
				err = out.entry(e)
			}
		case <-settled.C:
			err = s.begin(out)
		case <-beat.C:
			if s.begun.Load() {
				err = out.comment()
			}
		case err := <-ended:
			return s.end(ctx, out, err)
		case <-ctx.Done():
			return s.end(ctx, out, ctx.Err())
		case <-s.draining:
			return s.end(ctx, out, errDraining)
		}
		if err != nil {
			return nil // the client has left, or is too slow
		}
	}
}

var errDraining = errors.New("the server stops")

// begin sends the status, once.
func (s *stream) begin(out *writer) error {
	if s.begun.Swap(true) {
		return nil
	}
	return out.begin()
}

// end answers a stream that ends before it has begun, and returns the error of this program.
func (s *stream) end(ctx context.Context, out *writer, err error) error {
	switch {
	case s.begun.Load() && !errors.Is(err, gather.ErrBroken): // which is logged
		return nil
	case err == nil: // the client has all
		return contract.FollowOrder204Response{}.VisitFollowOrderResponse(out.ResponseWriter) //nolint:wrapcheck // it has none
	case ctx.Err() != nil, errors.Is(err, errDraining):
		return out.begin() // there may be more; the client comes again
	default:
		return err
	}
}

// writer writes events, each at once.
type writer struct {
	http.ResponseWriter

	control *http.ResponseController
}

func newWriter(w http.ResponseWriter) *writer { return &writer{w, http.NewResponseController(w)} }

// begin sends the header of a stream, which no proxy may buffer.
func (w *writer) begin() error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return w.send("")
}

// entry sends one fact. No field of it has a line break: the fact and the position are
// words of ours, and JSON escapes.
func (w *writer) entry(e query.Entry) error {
	data, err := json.Marshal(orders.RenderStep(lookup.Step(e.Step)))
	if err != nil {
		return fmt.Errorf("encode a step: %w", err)
	}
	return w.send(fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", e.Position, e.Fact, data))
}

// comment keeps the connection open.
func (w *writer) comment() error { return w.send(":\n\n") }

// send writes text and flushes it. The server's time for a whole answer is renewed, so that
// it bounds one event and not the stream.
func (w *writer) send(text string) error {
	if err := w.control.SetWriteDeadline(time.Now().Add(slow)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return fmt.Errorf("renew the time of a stream: %w", err)
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return fmt.Errorf("write to a stream: %w", err)
	}
	if err := w.control.Flush(); err != nil {
		return fmt.Errorf("write to a stream: %w", err)
	}
	return nil
}
