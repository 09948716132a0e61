package console

import (
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestPartsOfAPageAreAskedTogether: each question is answered once all have come, so a page that
// asks one after the other waits for the end of patience.
func TestPartsOfAPageAreAskedTogether(t *testing.T) {
	t.Parallel()
	const patience = time.Minute
	const order = "/v1/orders/" + flagged
	for page, parts := range map[string][]string{
		"/":                  {"/v1/overview", "/v1/dead-letters", "/v1/projections", "/metrics"},
		"/orders/" + flagged: {order, order + "/timeline", order + "/holdings", order + "/refunds", order + "/notifications"},
		"/events":            {"/metrics", "/v1/projections", "/asyncapi.yaml"},
		"/services":          {"/v1/services", "/readyz", "/metrics"},
		"/doctor":            {"/v1/doctor", "/v1/doctor/runs"},
		"/routes/orders":     {"/v1/routes/orders", "/v1/routes"},
	} {
		t.Run(page, func(t *testing.T) {
			t.Parallel()
			var come atomic.Int64
			var alone atomic.Bool
			all := make(chan struct{})
			p := signedIn(t, serve(t, &world{before: func(path string) {
				if !slices.Contains(parts, path) {
					return
				}
				if come.Add(1) == int64(len(parts)) {
					close(all)
				}
				select {
				case <-all:
				case <-time.After(patience):
					alone.Store(true)
				}
			}}), nightSecret)
			a := p.get(page)
			require.Equal(t, http.StatusOK, a.StatusCode, a.text)
			require.False(t, alone.Load(), "a question was asked after the answer to another one")
		})
	}
}
