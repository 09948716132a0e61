package e2e_test

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/background"
)

// follower reads the events of an order as a browser does: it comes again behind the last
// event whenever its stream ends or breaks, until it is told that nothing is left.
type follower struct {
	url, order string

	mu     sync.Mutex
	events []followedEvent
	breaks int // streams that broke, and calls without an answer
	done   chan struct{}
}

// followedEvent is an event as it was sent.
type followedEvent struct{ id, fact, data string }

// follow starts a follower.
func (s shopper) follow(t *testing.T, order string) *follower {
	t.Helper()
	f := &follower{url: s.url, order: order, done: make(chan struct{})}
	ctx, stop := context.WithCancel(t.Context())
	go func() {
		defer close(f.done)
		_ = background.Retry{}.Do(ctx, f.read) // it has no end but success, or that of the test
	}()
	t.Cleanup(func() { stop(); <-f.done })
	return f
}

// errMore is the end of a stream behind which there may be more.
var errMore = errors.New("there may be more")

// read reads one stream to its end. It returns nil if nothing is left.
func (f *follower) read(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url+"/v1/orders/"+f.order+"/events", http.NoBody)
	if err != nil {
		return err
	}
	if all := f.all(); len(all) > 0 {
		r.Header.Set("Last-Event-ID", all[len(all)-1].id)
	}
	res, err := (&http.Client{Transport: browser.Transport}).Do(r) // without the browser's limit
	if err != nil {
		f.broke()
		return err
	}
	defer func() { _ = res.Body.Close() }() // it has been read
	switch res.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusOK:
	default:
		return errMore
	}
	lines := bufio.NewScanner(res.Body)
	var e followedEvent
	for lines.Scan() {
		switch name, value, _ := strings.Cut(lines.Text(), ": "); name {
		case "id":
			e.id = value
		case "event":
			e.fact = value
		case "data":
			e.data = value
		case "": // the end of an event
			if e != (followedEvent{}) {
				f.add(e)
			}
			e = followedEvent{}
		}
	}
	if lines.Err() != nil {
		f.broke()
	}
	return errMore
}

func (f *follower) add(e followedEvent) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
}

func (f *follower) broke() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.breaks++
}

// all returns the events so far.
func (f *follower) all() []followedEvent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clip(f.events)
}

// ended reports whether nothing is left.
func (f *follower) ended() bool {
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}

// requireWhole waits until nothing is left, and requires that a stream which is read at once
// has the same events: none was lost, and none came twice. The followed one must have broken.
func (f *follower) requireWhole(t *testing.T, s shopper) {
	t.Helper()
	eventually(t, "order "+f.order+" is followed to its end", f.ended)
	require.Positive(t, f.breaks)
	again := s.follow(t, f.order)
	<-again.done
	require.Equal(t, again.all(), f.all())
}
