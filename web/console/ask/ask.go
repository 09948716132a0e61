// Package ask calls the operations of a contract at a handler of this process, as any client
// calls them over the network: with a token, through the same checks, and with problems as
// errors.
package ask

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/inner"
)

// Client calls the operations of one address. The zero Client calls none.
type Client struct {
	// Handler serves the address. Nil: there is none in this process.
	Handler http.Handler
	// Bearer is the token of the caller; empty: none.
	Bearer string
	// From is the socket's address of the client in whose name the calls are, for logs.
	From string
	// Log gets the panics of the handler and of [Client.Together]. Nil is [slog.Default].
	Log *slog.Logger
}

// Problem is the problem that an operation answers.
type Problem struct{ contract.Problem }

// Error implements error.
func (p *Problem) Error() string {
	if p.Detail != nil && *p.Detail != "" {
		return p.Title + ": " + *p.Detail
	}
	return p.Title
}

// CodeOf returns the code of a problem, "" of any other error and of nil.
func CodeOf(err error) string {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Code
	}
	return ""
}

// StatusOf returns the HTTP status of a problem, 500 of any other error.
func StatusOf(err error) int {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p.Status
	}
	return http.StatusInternalServerError
}

// Missing is the code of the problem of a handler that serves no such operation.
const Missing = "NOT_SERVED_HERE"

// ErrPanicked is the error of calls of which one has panicked.
var ErrPanicked = errors.New("a part of the page panicked")

// Get reads the answer of a GET operation into out. A problem is a [*Problem].
func (c Client) Get(ctx context.Context, path string, query url.Values, out any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.call(ctx, http.MethodGet, path, "", nil, out)
}

// Post sends in to a POST operation, and reads its answer into out. key is its
// Idempotency-Key, empty for none. A problem is a [*Problem].
func (c Client) Post(ctx context.Context, path, key string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	return c.call(ctx, http.MethodPost, path, key, body, out)
}

// Put sends in to a PUT operation, and reads its answer into out. A problem is a [*Problem].
func (c Client) Put(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode the request: %w", err)
	}
	return c.call(ctx, http.MethodPut, path, "", body, out)
}

// Text returns the answer of a GET operation that is no JSON.
func (c Client) Text(ctx context.Context, path string) (string, error) {
	a, err := c.send(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return "", err
	}
	return string(a.body), nil
}

// Pass answers a reader with the page that a GET operation has for people, in the languages of r,
// or with its page about a refusal. The page brings its own protection along: the sources that it may load from.
func (c Client) Pass(w http.ResponseWriter, r *http.Request, path string) error {
	in, err := c.request(r.Context(), http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	in.Header.Set("Accept", "text/html")
	in.Header["Accept-Language"] = r.Header["Accept-Language"]
	res, err := inner.Serve(c.Handler, in, cmp.Or(c.Log, slog.Default()))
	if err != nil {
		return fmt.Errorf("ask GET %s: %w", path, err)
	}
	defer func() { _ = res.Body.Close() }() // it is read
	for _, name := range []string{"Content-Type", "Content-Language", "Content-Security-Policy", "Cache-Control", "Retry-After", "Vary"} {
		if values := res.Header[name]; len(values) > 0 {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body) // the client left, or the page breaks off
	return nil
}

func (c Client) call(ctx context.Context, method, path, key string, body []byte, out any) error {
	a, err := c.send(ctx, method, path, key, body)
	if err != nil || out == nil {
		return err
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return fmt.Errorf("read the answer of %s %s: %w", method, path, err)
	}
	return nil
}

// request returns a request in the name of the caller.
func (c Client) request(ctx context.Context, method, path string, body []byte) (*http.Request, error) {
	if c.Handler == nil {
		return nil, missing()
	}
	r, err := http.NewRequestWithContext(ctx, method, path, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("ask %s %s: %w", method, path, err)
	}
	r.RequestURI, r.RemoteAddr, r.Host = path, c.From, "127.0.0.1"
	if c.Bearer != "" {
		r.Header.Set("Authorization", "Bearer "+c.Bearer)
	}
	return r, nil
}

func (c Client) send(ctx context.Context, method, path, key string, body []byte) (answer, error) {
	r, err := c.request(ctx, method, path, body)
	if err != nil {
		return answer{}, err
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	if method == http.MethodPost || method == http.MethodPut {
		r.Header.Set("Content-Type", "application/json")
	}
	a, err := c.serve(r)
	if err != nil {
		return answer{}, fmt.Errorf("ask %s %s: %w", method, path, err)
	}
	return a, a.problem()
}

// answer is that of an operation, whole.
type answer struct {
	status int
	body   []byte
}

func (c Client) serve(r *http.Request) (answer, error) {
	res, err := inner.Serve(c.Handler, r, cmp.Or(c.Log, slog.Default()))
	if err != nil {
		return answer{}, err //nolint:wrapcheck // the caller names the operation
	}
	defer func() { _ = res.Body.Close() }() // it is read
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, body}, err //nolint:wrapcheck // as above
}

// problem returns the problem that a handler has answered, nil for any other answer.
func (a answer) problem() error {
	if a.status < http.StatusBadRequest {
		return nil
	}
	var p Problem
	if err := json.Unmarshal(a.body, &p.Problem); err != nil || p.Code == "" {
		return missing()
	}
	return &p
}

// Together makes calls at the same time, so that a page waits for the slowest one alone. It
// returns once all have ended. No server recovers a panic of their goroutines, which would end the
// process: it is logged, and the error is [ErrPanicked].
func (c Client) Together(calls ...func()) error {
	var all errgroup.Group
	for _, call := range calls {
		all.Go(func() (err error) {
			defer func() {
				if p := recover(); p != nil {
					kind := fmt.Sprintf("%T", p) // its value may hold anything
					cmp.Or(c.Log, slog.Default()).Error("a part of a page panicked", "type", kind, "stack", string(debug.Stack()))
					err = ErrPanicked
				}
			}()
			call()
			return nil
		})
	}
	return all.Wait() //nolint:wrapcheck // it is ours
}

func missing() error {
	return &Problem{contract.Problem{Status: http.StatusNotFound, Code: Missing, Title: "This process does not serve that"}}
}
