// Package monolith calls the back door of a monolith that is being strangled: its export, its
// sums, the place where orders are written back, and the switch of its stock. Its shapes are
// those of examples/monolith.
package monolith

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/amends/amends/fault"
)

// mostAnswer is the largest answer that is read, in bytes.
const mostAnswer = 64 << 20

// callTime bounds one call. A pause of the monolith's placements waits for those under way.
const callTime = time.Minute

// Client calls one monolith.
type Client struct {
	base, token string
	http        *http.Client
}

// New returns a client of the monolith at a URL, whose back door opens with the token.
func New(address, token string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("%q is not the URL of a monolith, such as http://127.0.0.1:9901", address)
	}
	if token == "" {
		return nil, errors.New("the back door of the monolith needs a token: set MONOLITH_TOKEN")
	}
	return &Client{strings.TrimSuffix(address, "/"), token, &http.Client{Timeout: callTime}}, nil
}

// Refused reports whether the monolith has refused a call for good.
func Refused(err error) bool { return fault.KindOf(err) == fault.Business }

// call makes one call. Its error is a fault: transient if a repeat may succeed, business if
// the monolith refuses.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		content, err := json.Marshal(in)
		if err != nil {
			return fault.Wrap(err, fault.Bug, fault.Internal, "a request to the monolith cannot be JSON")
		}
		body = bytes.NewReader(content)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return fault.Wrap(err, fault.Bug, fault.Internal, "a request to the monolith cannot be made")
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(r)
	if err != nil {
		return fault.Wrap(err, fault.Transient, fault.Unavailable, "the monolith does not answer")
	}
	defer func() { _ = res.Body.Close() }()
	content, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	switch {
	case err != nil:
		return fault.Wrap(err, fault.Transient, fault.Unavailable, "the monolith breaks off its answer")
	case passing(res.StatusCode):
		return fault.Errorf(fault.Transient, fault.Unavailable, "the monolith answers %s", res.Status)
	case res.StatusCode >= http.StatusBadRequest:
		return fault.Errorf(fault.Business, fault.Invalid, "the monolith refuses %s %s: %s", method, path, detail(res.Status, content))
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(content, out); err != nil {
		return fault.Wrap(err, fault.Bug, fault.Invalid, "the monolith's answer cannot be read")
	}
	return nil
}

// passing reports whether an answer says nothing about the request: the monolith is busy, or it
// does not know the token, which is mended there or here without another request.
func passing(status int) bool {
	return status >= http.StatusInternalServerError ||
		slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests}, status)
}

// detail returns the reason of a problem document.
func detail(status string, content []byte) string {
	var p struct{ Code, Detail string }
	if json.Unmarshal(content, &p) != nil || p.Code == "" {
		return status
	}
	return p.Code + ", " + p.Detail
}

// Sums are the monolith's totals. Money is in minor units.
type Sums struct {
	Products   int64    `json:"products"`
	Users      int64    `json:"users"`
	Stock      int64    `json:"stock"`       // units that its own tables have available
	Orders     int64    `json:"orders"`      // placed there
	Confirmed  int64    `json:"confirmed"`   // of these
	Units      int64    `json:"units"`       // of these, sold
	Money      int64    `json:"money"`       // of these, taken
	Written    int64    `json:"written"`     // orders that were written back
	WrittenSum int64    `json:"written_sum"` // the totals of those that are confirmed
	Mails      int64    `json:"mails"`
	Open       int64    `json:"open"` // reservations that are not settled
	Problems   []string `json:"problems"`
}

// Sums returns the monolith's own sums, with what does not add up in its Problems.
func (c *Client) Sums(ctx context.Context) (s Sums, err error) {
	err = c.call(ctx, http.MethodGet, "/back/sums", nil, &s)
	return s, err
}

// Standing is as much of a decided order as changes after its end. Versions tell less: they grow
// with the notes of operators, too, which the monolith does not get.
type Standing struct {
	ID       string `json:"id"`
	Refunded int64  `json:"refunded"` // in minor units
}

// Missing returns the ids of those orders that the monolith does not have, or of which it has
// less money paid back.
func (c *Client) Missing(ctx context.Context, all []Standing) ([]string, error) {
	var answer struct {
		Missing []string `json:"missing"`
	}
	err := c.call(ctx, http.MethodPost, "/back/orders/missing", map[string][]Standing{"orders": all}, &answer)
	return answer.Missing, err
}

// WriteBack stores an order that was placed here, or a later version of it. A repeat and an
// older version change nothing.
func (c *Client) WriteBack(ctx context.Context, id string, o Order) error {
	return c.call(ctx, http.MethodPut, "/back/orders/"+url.PathEscape(id), o, nil)
}

// stock says where the monolith's stock is, and the number of a pause.
type stock struct {
	Hold string `json:"hold,omitempty"`
	URL  string `json:"url"`
	Held int    `json:"held,omitempty"`
}

// StockAt returns where the monolith reserves its stock; empty: in its own tables.
func (c *Client) StockAt(ctx context.Context) (string, error) {
	var s stock
	err := c.call(ctx, http.MethodGet, "/back/stock", nil, &s)
	return s.URL, err
}

// Hold makes placements wait, for a time at most, and returns when none is under way. Release
// needs the number.
func (c *Client) Hold(ctx context.Context, most time.Duration) (number int, err error) {
	var s stock
	err = c.call(ctx, http.MethodPut, "/back/stock", stock{Hold: most.String()}, &s)
	return s.Held, err
}

// Release ends the wait; with a URL the monolith reserves there from then on, and refuses if the
// wait has ended before.
func (c *Client) Release(ctx context.Context, number int, door string) error {
	return c.call(ctx, http.MethodPut, "/back/stock", stock{URL: door, Held: number}, nil)
}
