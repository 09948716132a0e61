package live

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/gather"
	"github.com/amends/amends/services/query"
)

// silence is an order to which nothing happens.
type silence struct{}

func (silence) Timeline(context.Context, string) ([]query.Entry, error) { return nil, nil }

func (silence) Follow(ctx context.Context, _ string, _ query.Position, _ func(query.Entry) error) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestAStreamThatHasNothingToSendStaysOpen: a proxy closes a connection that is silent.
func TestAStreamThatHasNothingToSendStaysOpen(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	w := &counting{ResponseRecorder: httptest.NewRecorder(), enough: cancel}
	s := &stream{ctx: ctx, source: source{model: silence{}}, draining: make(chan struct{}), beat: time.Millisecond}
	require.NoError(t, s.VisitFollowOrderResponse(w))
	require.Equal(t, "text/event-stream", w.Header().Get("Content-Type"))
	require.GreaterOrEqual(t, strings.Count(w.Body.String(), ":\n\n"), 3)
	require.Empty(t, strings.ReplaceAll(w.Body.String(), ":\n\n", ""), "comments alone, behind the header")
}

// counting is an answer that is left after some comments.
type counting struct {
	*httptest.ResponseRecorder

	enough context.CancelFunc
}

func (c *counting) Write(text []byte) (int, error) {
	n, err := c.ResponseRecorder.Write(text)
	if strings.Count(c.Body.String(), ":\n\n") >= 3 {
		c.enough()
	}
	return n, err //nolint:wrapcheck // a test
}

// broken is a read model that is wrong, behind some entries.
type broken struct {
	silence

	entries int
}

func (b broken) Follow(_ context.Context, _ string, _ query.Position, send func(query.Entry) error) error {
	for range b.entries {
		if err := send(query.Entry{}); err != nil {
			return err
		}
	}
	panic("a bug")
}

// TestAStreamThatPanicsIsAFailure: its goroutine is not the request's, so the edge does not
// recover it.
func TestAStreamThatPanicsIsAFailure(t *testing.T) {
	t.Parallel()
	for entries := range 2 { // with one the status is sent
		s := &stream{ctx: t.Context(), source: source{model: broken{entries: entries}}, draining: make(chan struct{}), beat: time.Hour}
		require.ErrorIs(t, s.VisitFollowOrderResponse(httptest.NewRecorder()), gather.ErrBroken)
	}
}
