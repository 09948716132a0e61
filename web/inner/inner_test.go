package inner

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnAnswerThatBreaksOffIsAnError(t *testing.T) {
	t.Parallel()
	half := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"sku":`))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	program := httptest.NewServer(http.HandlerFunc(half))
	t.Cleanup(program.Close)
	address, err := url.Parse(program.URL)
	require.NoError(t, err)

	for name, c := range map[string]struct {
		handler http.HandlerFunc
		logged  string
	}{
		"InItsBody":       {half, ""},
		"BeforeItBegins":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, ""},
		"ByAnotherPanic":  {func(http.ResponseWriter, *http.Request) { panic("4111 1111 1111 1111") }, "type=string"},
		"OfAnotherServer": {httputil.NewSingleHostReverseProxy(address).ServeHTTP, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log strings.Builder
			// The request of a page is that of a server, whose context makes the proxy panic.
			ctx := context.WithValue(t.Context(), http.ServerContextKey, &http.Server{})
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/cart", http.NoBody)
			err := read(Serve(c.handler, r, slog.New(slog.NewTextHandler(&log, nil))))
			require.ErrorIs(t, err, ErrBroken)
			require.Equal(t, c.logged != "", log.Len() > 0, log.String())
			require.Contains(t, log.String(), c.logged)
			require.NotContains(t, log.String(), "4111", "the value of a panic may hold anything")
		})
	}
}

// read reads an answer to its end.
func read(res *http.Response, err error) error {
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close())
}

func TestAnAnswerIsReadWhileItIsWritten(t *testing.T) {
	t.Parallel()
	goOn := make(chan struct{})
	res, err := Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints) // which is not the answer yet
		w.Header().Set("X-Kind", "stream")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "one")
		<-goOn
		_, _ = io.WriteString(w, "two")
	}), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	require.Equal(t, http.StatusAccepted, res.StatusCode)
	require.Equal(t, "stream", res.Header.Get("X-Kind"))
	first := make([]byte, 3)
	_, err = io.ReadFull(res.Body, first)
	require.NoError(t, err)
	require.Equal(t, "one", string(first))
	close(goOn)
	rest, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, "two", string(rest))
}

func TestAnAnswerWithoutAWordIsGood(t *testing.T) {
	t.Parallel()
	nothing := func(http.ResponseWriter, *http.Request) {}
	res, err := Serve(http.HandlerFunc(nothing), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody), slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, res.StatusCode)
	require.NoError(t, read(res, nil))
}
