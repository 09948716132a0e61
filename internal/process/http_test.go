package process_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/process"
)

// request is one GET, in the background.
func request(t *testing.T, url string) <-chan string {
	t.Helper()
	answered := make(chan string, 1)
	go func() {
		defer close(answered)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			return
		}
		response, err := new(http.Client).Do(r)
		if err != nil {
			return // cut off
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answered <- string(body)
	}()
	return answered
}

func TestHTTP(t *testing.T) {
	t.Parallel()

	// setup serves a handler that announces a request and answers on release.
	setup := func(t *testing.T, drain time.Duration) (parts *process.Parts, url string, arrived, release chan struct{}) {
		t.Helper()
		arrived, release = make(chan struct{}), make(chan struct{})
		l, err := process.Listen(t.Context(), "http_addr", "127.0.0.1:0")
		require.NoError(t, err)
		ctx, parts := process.New(t.Context())
		parts.Start(ctx, process.Closer("http_addr", l.Close)) // closed twice, which is no error
		parts.Start(ctx, process.HTTP("api", l, &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			close(arrived)
			select {
			case <-release:
			case <-r.Context().Done():
			}
			_, _ = io.WriteString(w, "done")
		})}, drain))
		return parts, process.URL(l), arrived, release
	}

	t.Run("DrainsARequestThatRuns", func(t *testing.T) {
		t.Parallel()
		parts, url, arrived, release := setup(t, time.Minute)
		answer := request(t, url)
		<-arrived
		stopped := make(chan error, 1)
		go func() { stopped <- parts.Stop() }()
		close(release)
		require.NoError(t, <-stopped)
		require.Equal(t, "done", <-answer)
	})

	t.Run("CutsOffARequestThatTakesLonger", func(t *testing.T) {
		t.Parallel()
		parts, url, arrived, _ := setup(t, time.Millisecond)
		answer := request(t, url)
		<-arrived
		require.NoError(t, parts.Stop())
		require.Empty(t, <-answer)
	})

	t.Run("FailsWithItsListener", func(t *testing.T) {
		t.Parallel()
		l, err := process.Listen(t.Context(), "http_addr", "127.0.0.1:0")
		require.NoError(t, err)
		ctx, parts := process.New(t.Context())
		parts.Start(ctx, process.HTTP("api", l, &http.Server{ReadHeaderTimeout: time.Minute}, time.Minute))
		require.NoError(t, l.Close())
		<-ctx.Done()
		require.ErrorIs(t, parts.Err(), net.ErrClosed)
		require.NoError(t, parts.Stop())
	})
}

// A server that has lost its listener still answers the requests it has taken.
func TestHTTPDrainsAlsoWhenItsListenerFails(t *testing.T) {
	t.Parallel()
	l, err := process.Listen(t.Context(), "http_addr", "127.0.0.1:0")
	require.NoError(t, err)
	arrived, draining := make(chan struct{}), make(chan struct{})
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-draining
		_, _ = io.WriteString(w, "done")
	})}
	server.RegisterOnShutdown(func() { close(draining) })
	ctx, parts := process.New(t.Context())
	parts.Start(ctx, process.HTTP("api", l, server, time.Minute))
	answer := request(t, process.URL(l))
	<-arrived
	require.NoError(t, l.Close())
	require.Equal(t, "done", <-answer)
	<-ctx.Done()
	require.ErrorIs(t, parts.Err(), net.ErrClosed)
	require.NoError(t, parts.Stop())
}

func TestListen(t *testing.T) {
	t.Parallel()
	l, err := process.Listen(t.Context(), "admin_addr", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()

	_, err = process.Listen(t.Context(), "admin_addr", l.Addr().String())
	require.EqualError(t, err, "admin_addr: "+l.Addr().String()+" is in use; stop what uses it, or choose another with --admin-addr")
	_, err = process.Listen(t.Context(), "admin_addr", "nowhere")
	require.ErrorContains(t, err, "admin_addr: cannot listen: ")
}

func TestURLIsForABrowserOnThisMachine(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{"127.0.0.1:0": "http://127.0.0.1:", ":0": "http://127.0.0.1:"} {
		l, err := process.Listen(context.Background(), "http_addr", addr)
		require.NoError(t, err)
		require.Contains(t, process.URL(l), want)
		require.NoError(t, l.Close())
	}
}
