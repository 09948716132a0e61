package own

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/look"
	"github.com/amends/amends/web/shop/ask"
	"github.com/amends/amends/web/shop/visit"
)

// beat is the time between two comments of a stream.
const beat = 15 * time.Second

// live sends the state of an order as it changes. The API's stream of events says when; the
// state is read anew, once for events that come together.
func live(v *visit.Visit) error {
	ctx, cancel := context.WithCancel(v.R.Context())
	defer cancel()
	id := v.R.PathValue("id")
	res, err := v.API().FollowOrder(ctx, id, &client.FollowOrderParams{}, func(_ context.Context, r *http.Request) error {
		r.Header.Set("Accept", "text/event-stream")
		return nil
	})
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // which ends the API's stream
	switch {
	case res.StatusCode == http.StatusUnauthorized:
		to := v.Entrance("/orders/" + id) // before the stream begins, as it sets cookies
		_ = look.NewStream(v.W).Leave(to) // the client left
		return nil
	case res.StatusCode >= http.StatusBadRequest:
		v.W.WriteHeader(res.StatusCode) // the browser comes again, or gives up
		return nil
	}
	_ = send(ctx, v, id, look.NewStream(v.W), happened(res.Body)) // the client left, and comes again
	return nil
}

// happened returns a channel that has a value after an event of a stream, and is closed at
// its end.
func happened(stream io.Reader) <-chan struct{} {
	events := make(chan struct{}, 1)
	go func() {
		defer close(events)
		for lines := bufio.NewScanner(stream); lines.Scan(); {
			if strings.HasPrefix(lines.Text(), "event:") {
				select {
				case events <- struct{}{}:
				default: // the state is not read yet
				}
			}
		}
	}()
	return events
}

// send sends the state of the order now, after each event, and at the end of the stream. A
// browser whose order is not decided by then comes again.
func send(ctx context.Context, v *visit.Visit, id string, out *look.Stream, events <-chan struct{}) error {
	for more := true; ; {
		decided, err := sendState(ctx, v, id, out)
		switch {
		case err != nil:
			return err
		case decided:
			return sendBill(ctx, v, out)
		case !more:
			return nil
		}
		if more, err = await(ctx, events, out); err != nil {
			return err
		}
	}
}

// await waits for an event, and reports whether the stream goes on.
func await(ctx context.Context, events <-chan struct{}, out *look.Stream) (more bool, err error) {
	beats := time.NewTicker(beat)
	defer beats.Stop()
	for {
		select {
		case _, more = <-events:
			return more, nil
		case <-beats.C:
			if err := out.Beat(); err != nil {
				return false, err //nolint:wrapcheck // the client left
			}
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// sendBill sends the prices, the payment and the messages of an order that is decided, and ends
// the stream. If they cannot be read now, a reload of the page shows them.
func sendBill(ctx context.Context, v *visit.Visit, out *look.Stream) error {
	if r, err := receiptOf(ctx, v); err == nil {
		if err := sendPart(v, out, "bill", r); err != nil {
			return err
		}
	}
	return out.End() //nolint:wrapcheck // the client left
}

// sendPart sends a part of the page.
func sendPart(v *visit.Visit, out *look.Stream, name string, data any) error {
	var html strings.Builder
	if err := v.Site.Look.Part(&html, name, data); err != nil {
		return err //nolint:wrapcheck // it names the operation
	}
	return out.Fragments(html.String()) //nolint:wrapcheck // the client left
}

// sendState sends the state of the order, and reports whether nothing more will change it. An
// access token that has ended since the stream began ends the stream: the browser comes
// again, and its next request is the one that gets it a new token.
func sendState(ctx context.Context, v *visit.Visit, id string, out *look.Stream) (decided bool, err error) {
	o, _, err := ask.Read[client.Order](v.API().GetOrder(ctx, id, nil))
	if err != nil {
		return false, err //nolint:wrapcheck // it names the operation
	}
	return o.Status != pending, sendPart(v, out, "state", stateOf(v, o))
}
