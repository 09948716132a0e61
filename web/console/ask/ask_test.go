package ask

import (
	"log/slog"
	"net/http"
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

func TestAnAddressThatIsNotHereIsMissing(t *testing.T) {
	t.Parallel()
	require.Equal(t, Missing, CodeOf(Client{}.Get(t.Context(), "/v1/overview", nil, nil)))
	page := Client{Handler: http.NotFoundHandler()}
	require.Equal(t, Missing, CodeOf(page.Get(t.Context(), "/v1/overview", nil, nil)), "no operation of the contract")
}
