package chaos

import (
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A shop that never answers is a violation to be judged. So no customer may be
// under way when the judgement reads their records.
func TestNoCustomerIsUnderWayAfterTheWait(t *testing.T) {
	t.Parallel()

	enough, cancel := context.WithCancel(t.Context())
	defer cancel()
	shop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel() // a customer has come
		w.Header().Set("Content-Type", "application/problem+json")
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"code":"UNAVAILABLE"}`))
	}))
	defer shop.Close()
	j, err := newJournal(filepath.Join(t.TempDir(), "journal"))
	require.NoError(t, err)
	defer j.close()
	c, err := newCustomers(shop.URL, "", j)
	require.NoError(t, err)

	c.visit(t.Context(), Orders(1, 8, 10*time.Millisecond))
	require.ErrorContains(t, c.wait(enough), "not every customer was answered")
	before := c.placed // without the lock: no goroutine may hold it
	require.Positive(t, before)
	require.Never(t, func() bool { return c.placed != before }, 300*time.Millisecond, 10*time.Millisecond)
}

func TestOnlyAnAnswerWithoutDoubtIsAPromise(t *testing.T) {
	t.Parallel()
	for status, promised := range map[int]bool{
		http.StatusOK: true, http.StatusCreated: true, http.StatusAccepted: true, http.StatusServiceUnavailable: false,
	} {
		require.Equal(t, promised, Acknowledgement{Status: status}.promised(), status)
	}
}
