// Package monolithtest has a monolith for tests that is nothing but its back door.
package monolithtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/strangle/monolith"
)

// Token opens the back door.
const Token = "the token of tests" //nolint:gosec // it opens only the fake of this package

// Monolith is a back door with data. Its fields may change between calls.
type Monolith struct {
	URL string
	// Pages has the pages of each kind of the export, each a JSON array.
	Pages map[string][]string
	// FailAt is the number of the call, from 1, that is not answered, and all behind it; 0: none.
	FailAt int
	// Forge makes the checksums wrong.
	Forge bool
	// OnHold is called when placements begin to wait.
	OnHold func()

	mu      sync.Mutex
	calls   int
	at      string
	written map[string]monolith.Order
	puts    int
}

// New returns a monolith that answers until the test ends, and a client of it.
func New(t *testing.T) (*Monolith, *monolith.Client) {
	t.Helper()
	m := &Monolith{Pages: map[string][]string{}, written: map[string]monolith.Order{}}
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	m.URL = server.URL
	c, err := monolith.New(server.URL, Token)
	require.NoError(t, err)
	return m, c
}

// Again lets calls be answered from now on until the one of the number n; 0: all.
func (m *Monolith) Again(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls, m.FailAt = 0, n
}

// Calls returns how many calls there were since the last Again.
func (m *Monolith) Calls() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

// StockAt returns where it reserves its stock.
func (m *Monolith) StockAt() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.at
}

// Written returns the orders that were written back, by id, and how often.
func (m *Monolith) Written() (all map[string]monolith.Order, times int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all = map[string]monolith.Order{}
	maps.Copy(all, m.written)
	return all, m.puts
}

// ServeHTTP implements [http.Handler].
func (m *Monolith) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.FailAt > 0 && m.calls >= m.FailAt {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+Token {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	kind, export := strings.CutPrefix(r.URL.Path, "/back/export/")
	id, _ := strings.CutPrefix(r.URL.Path, "/back/orders/")
	switch {
	case export:
		answer(w, m.page(kind, r.URL.Query().Get("after")))
	case id == "missing":
		answer(w, map[string]any{"missing": m.missing(r)})
	case r.URL.Path == "/back/stock":
		answer(w, m.stock(r))
	case r.Method == http.MethodPut:
		var o monolith.Order
		if json.NewDecoder(r.Body).Decode(&o) != nil || o.CustomerID == "refused" {
			w.WriteHeader(http.StatusConflict)
			return
		}
		m.puts++
		if have, known := m.written[id]; !known || have.Version <= o.Version {
			m.written[id] = o
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// page returns a page; a cursor is one character for each page before it.
func (m *Monolith) page(kind, after string) map[string]any {
	items := "[]"
	if len(after) < len(m.Pages[kind]) {
		items = m.Pages[kind][len(after)]
	}
	sum := sha256.Sum256([]byte(items))
	page := map[string]any{"items": json.RawMessage(items), "sha256": hex.EncodeToString(sum[:])}
	if m.Forge {
		page["sha256"] = "0"
	}
	if len(after)+1 < len(m.Pages[kind]) {
		page["next"] = after + "x"
	}
	return page
}

func (m *Monolith) missing(r *http.Request) []string {
	var asked struct{ Orders []monolith.Standing }
	_ = json.NewDecoder(r.Body).Decode(&asked) // without orders none is missing
	all := []string{}
	for _, o := range asked.Orders {
		if have, known := m.written[o.ID]; !known || have.Refunded < o.Refunded {
			all = append(all, o.ID)
		}
	}
	return all
}

func (m *Monolith) stock(r *http.Request) map[string]any {
	var asked struct{ Hold, URL string }
	_ = json.NewDecoder(r.Body).Decode(&asked) // a question has no body
	if asked.Hold != "" && m.OnHold != nil {
		m.OnHold()
	}
	if asked.URL != "" {
		m.at = asked.URL
	}
	return map[string]any{"url": m.at, "held": 1}
}

func answer(w http.ResponseWriter, body any) { _ = json.NewEncoder(w).Encode(body) }
