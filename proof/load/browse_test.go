package load

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBrowsing(t *testing.T) {
	t.Parallel()
	p := newPlatform(t)
	var asked atomic.Int64
	p.browse = func(w http.ResponseWriter, sku string) {
		switch n := asked.Add(1); {
		case n == 4:
			refuse(w, http.StatusInternalServerError, "INTERNAL")
		case n%2 == 0:
			refuse(w, http.StatusServiceUnavailable, "REDUCED_CAPACITY")
		default:
			fmt.Fprintf(w, `{"sku": %q}`, sku)
		}
	}
	done := make(chan struct{})
	p.place = func(http.ResponseWriter, string, int) bool {
		<-done // as long as it takes to ask
		return false
	}
	go func() {
		defer close(done)
		for end := time.Now().Add(time.Minute); asked.Load() < 10 && time.Now().Before(end); {
			<-time.After(time.Millisecond)
		}
	}()
	r := p.load(t, Options{Orders: 1, Browse: 200})
	require.NoError(t, r.Err(), "a question is no order")
	b := r.Browsing
	require.EqualValues(t, asked.Load(), b.Asked, "none is repeated, and all are answered in the end")
	require.GreaterOrEqual(t, b.Asked, 10)
	require.Equal(t, 1, b.Failed)
	require.Equal(t, b.Asked/2-1, b.GaveWay)
	require.Equal(t, b.Asked, b.Answered+b.GaveWay+b.Failed)
	require.Contains(t, r.Errors, CallErrors{Call: "browse", Code: "INTERNAL", Count: 1})

	require.Zero(t, p.load(t, Options{Orders: 1}).Browsing, "by default no product is asked for")
}
