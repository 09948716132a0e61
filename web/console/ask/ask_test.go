package ask

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/inner"
)

// TestAPanicOfAnOperationIsAnError: a batch asks in a goroutine that no server recovers.
func TestAPanicOfAnOperationIsAnError(t *testing.T) {
	t.Parallel()
	c := Client{Log: slog.New(slog.DiscardHandler), Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a bug") })}
	err := c.Get(t.Context(), "/v1/overview", nil, nil)
	require.ErrorIs(t, err, inner.ErrBroken)
	require.Equal(t, http.StatusInternalServerError, StatusOf(err))
	require.Empty(t, CodeOf(err))
}

// TestAPanicOfAPartIsAnError: the parts of a page are asked for in goroutines of their own.
func TestAPanicOfAPartIsAnError(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	c, asked := Client{Log: slog.New(slog.NewTextHandler(&log, nil))}, false
	err := c.Together(func() { panic("4111 1111 1111 1111") }, func() { asked = true })
	require.ErrorIs(t, err, ErrPanicked)
	require.Equal(t, http.StatusInternalServerError, StatusOf(err))
	require.True(t, asked, "the other ones have ended")
	require.Contains(t, log.String(), "ask_test.go", "the stack is that of the panic")
	require.NotContains(t, log.String(), "4111")
	require.NoError(t, c.Together(func() {}))
}

func TestAnAddressThatIsNotHereIsMissing(t *testing.T) {
	t.Parallel()
	require.Equal(t, Missing, CodeOf(Client{}.Get(t.Context(), "/v1/overview", nil, nil)))
	page := Client{Handler: http.NotFoundHandler()}
	require.Equal(t, Missing, CodeOf(page.Get(t.Context(), "/v1/overview", nil, nil)), "no operation of the contract")
}
