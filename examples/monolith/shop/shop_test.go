package shop

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
)

const (
	backToken     = "the token of the back door"
	gatewaySecret = "a secret that the gateway shares with us"
)

// stand is a shop that answers.
type stand struct {
	*Shop

	url string
}

func setup(t *testing.T) stand {
	t.Helper()
	s, err := Open(t.Context(), Options{
		Database: filepath.Join(t.TempDir(), "shop.db"), GatewaySecret: gatewaySecret, GatewayName: "monolith", Token: backToken,
		Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Demo(t.Context(), 3))
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return stand{s, server.URL}
}

// call makes a call, and reads the answer into out unless that is nil.
// alone has a connection for each request: a server that another test closes also closes the
// idle connections of the default transport.
var alone = &http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}

func (s stand) call(t *testing.T, method, path, token string, in, out any, headers ...string) int {
	t.Helper()
	body, err := json.Marshal(in)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, bytes.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := alone.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	if out != nil {
		require.NoError(t, json.NewDecoder(res.Body).Decode(out))
	}
	return res.StatusCode
}

// logIn returns the token of a session of a demo user.
func (s stand) logIn(t *testing.T, n int) string {
	t.Helper()
	var opened struct {
		Token string `json:"access_token"`
	}
	status := s.call(t, http.MethodPost, "/v1/sessions", "", map[string]string{"email": DemoEmail(n), "password": DemoPassword}, &opened)
	require.Equal(t, http.StatusCreated, status)
	return opened.Token
}

func body(sku string, quantity int, token string) map[string]any {
	return map[string]any{
		"currency": "EUR", "lines": []any{map[string]any{"sku": sku, "quantity": quantity}},
		"ship_to": map[string]string{"name": "A. Buyer", "line1": "Hauptstr. 1", "city": "Berlin", "postal_code": "10115", "country": "DE"}, "payment_token": token,
	}
}

func (s stand) order(t *testing.T, session, key string, in any) (o order, status int) {
	t.Helper()
	var answer json.RawMessage
	status = s.call(t, http.MethodPost, "/v1/orders", session, in, &answer, "Idempotency-Key", key)
	if status == http.StatusOK { // anything else is a problem
		require.NoError(t, json.Unmarshal(answer, &o))
	}
	return o, status
}

func (s stand) add(t *testing.T) (all sums) {
	t.Helper()
	require.Equal(t, http.StatusOK, s.call(t, http.MethodGet, "/back/sums", backToken, nil, &all))
	require.Empty(t, all.Problems)
	return all
}

func TestAKeyIsOneOrder(t *testing.T) {
	t.Parallel()
	s := setup(t)
	session := s.logIn(t, 1)
	var all sync.WaitGroup
	ids := make([]string, 20)
	for i := range ids {
		all.Go(func() {
			o, status := s.order(t, session, "key", body("MUG-STONEWARE", 2, "tok_visa"))
			if status == http.StatusOK {
				ids[i] = o.ID
			}
		})
	}
	all.Wait()
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
	require.NotEmpty(t, ids[0])
	sums := s.add(t)
	require.EqualValues(t, 1, sums.Orders)
	require.EqualValues(t, 3700, sums.Money)
	require.EqualValues(t, 1, sums.Mails)
	_, status := s.order(t, session, "key", body("MUG-STONEWARE", 3, "tok_visa"))
	require.Equal(t, http.StatusUnprocessableEntity, status)
}

func TestTheLastUnitsAreSoldOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	session := s.logIn(t, 1)
	var all sync.WaitGroup
	statuses := make([]string, 20)
	for i := range statuses {
		all.Go(func() {
			o, _ := s.order(t, session, fmt.Sprint("key-", i), body("TEAPOT-LIMITED", 1, "tok_visa"))
			statuses[i] = o.Status + o.Reason
		})
	}
	all.Wait()
	require.Equal(t, 7, strings.Count(strings.Join(statuses, " "), confirmed))
	require.Equal(t, 13, strings.Count(strings.Join(statuses, " "), "CANCELLEDOUT_OF_STOCK"))
	s.add(t)
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	s := setup(t)
	session := s.logIn(t, 1)
	for name, c := range map[string]struct {
		in   map[string]any
		want string
	}{
		"Declined":   {body("MUG-STONEWARE", 1, "tok_declined"), "PAYMENT_DECLINED"},
		"Unknown":    {body("NOTHING", 1, "tok_visa"), "UNKNOWN_SKU"},
		"OffSale":    {body("TEA-RETIRED", 1, "tok_visa"), "UNKNOWN_SKU"},
		"OutOfStock": {body("TEA-SOLD-OUT", 1, "tok_visa"), "OUT_OF_STOCK"},
	} {
		o, status := s.order(t, session, name, c.in)
		require.Equal(t, http.StatusOK, status, name)
		require.Equal(t, c.want, o.Reason, name)
	}
	require.Zero(t, s.add(t).Money)
	require.Equal(t, http.StatusUnauthorized, s.call(t, http.MethodGet, "/v1/orders", "", nil, nil))
	require.Equal(t, http.StatusUnauthorized, s.call(t, http.MethodGet, "/back/export/users", "guess", nil, nil))
}

func TestTheGatewayNamesTheAccount(t *testing.T) {
	t.Parallel()
	s := setup(t)
	sign := func(secret, audience string) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
			Issuer: "amends", Audience: jwt.ClaimStrings{audience}, Subject: "an-account", ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Minute)),
		}).SignedString([]byte(secret))
		require.NoError(t, err)
		return token
	}
	get := func(token string) int {
		return s.call(t, http.MethodGet, "/v1/orders", "", nil, nil, accountHeader, token)
	}
	require.Equal(t, http.StatusOK, get(sign(gatewaySecret, "monolith")))
	require.Equal(t, http.StatusUnauthorized, get(sign("another secret that is long enough", "monolith")))
	require.Equal(t, http.StatusUnauthorized, get(sign(gatewaySecret, "another shop")))
	require.Equal(t, http.StatusUnauthorized, get("no token"))
}

func TestAnExportIsWholeAndHasItsChecksum(t *testing.T) {
	t.Parallel()
	s := setup(t)
	session := s.logIn(t, 2)
	for i := range 5 {
		_, status := s.order(t, session, fmt.Sprint(i), body("MUG-STONEWARE", 1, "tok_visa"))
		require.Equal(t, http.StatusOK, status)
	}
	for kind, want := range map[string]int{"products": 6, "stock": 5, "users": 3, "orders": 5} {
		n, after := 0, ""
		for {
			var p page
			require.Equal(t, http.StatusOK, s.call(t, http.MethodGet, "/back/export/"+kind+"?limit=2&after="+after, backToken, nil, &p))
			sum := sha256.Sum256(p.Items)
			require.Equal(t, hex.EncodeToString(sum[:]), p.Digest)
			var items []json.RawMessage
			require.NoError(t, json.Unmarshal(p.Items, &items))
			n += len(items)
			if p.Next == "" {
				break
			}
			after = p.Next
		}
		require.Equal(t, want, n, kind)
	}
}

func TestAnOrderIsWrittenBackOnce(t *testing.T) {
	t.Parallel()
	s := setup(t)
	back := written{
		CustomerID: "an-account", Status: confirmed, Currency: "EUR", Total: 1850, Lines: []orderLine{{"MUG-STONEWARE", 1, money{1850, "EUR"}}},
		ShipTo: json.RawMessage(`{"name":"A"}`), Version: 2, CreatedAt: time.Now(),
	}
	put := func(id string, w written) int {
		return s.call(t, http.MethodPut, "/back/orders/"+id, backToken, w, nil)
	}
	for range 3 {
		require.Equal(t, http.StatusNoContent, put("one", back))
	}
	later := back
	later.Version, later.Refunded = 3, 850
	require.Equal(t, http.StatusNoContent, put("one", later))
	require.Equal(t, http.StatusNoContent, put("one", back), "an older version changes nothing")
	found, err := findOrder(t.Context(), s.db, "one", "an-account")
	require.NoError(t, err)
	require.EqualValues(t, 850, found.Refunded.Amount)
	sums := s.add(t)
	require.EqualValues(t, 1, sums.WrittenBy)
	require.Zero(t, sums.Mails+sums.Money+sums.Orders)

	own, _ := s.order(t, s.logIn(t, 1), "key", body("MUG-STONEWARE", 1, "tok_visa"))
	require.Equal(t, http.StatusConflict, put(own.ID, back), "the shop's own order stays")
	var answer struct{ Missing []string }
	s.call(t, http.MethodPost, "/back/orders/missing", backToken, map[string]any{"orders": []map[string]any{
		{"id": "one", "refunded": 850}, {"id": "two"}, {"id": own.ID},
	}}, &answer)
	require.Equal(t, []string{"two"}, answer.Missing)
	s.call(t, http.MethodPost, "/back/orders/missing", backToken, map[string]any{"orders": []map[string]any{{"id": "one", "refunded": 851}}}, &answer)
	require.Equal(t, []string{"one"}, answer.Missing, "a refund that has not arrived")
}

// inventory is a door of stock with a number of units, by hand.
type inventory struct {
	mu     sync.Mutex
	units  int64
	states map[string]string
	deaf   bool // it does not answer about ends
}

func (i *inventory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if r.Method == http.MethodGet {
		fmt.Fprintf(w, `[{"warehouse":"BER","available":%d}]`, i.units)
		return
	}
	var asked reservation
	_ = json.NewDecoder(r.Body).Decode(&asked)
	id := strings.TrimPrefix(r.URL.Path, "/reservations/")
	switch {
	case asked.State == "held" && i.states[id] == "" && i.units < asked.Lines[0].Quantity:
		w.WriteHeader(http.StatusConflict)
		return
	case asked.State == "held" && i.states[id] == "":
		i.units -= asked.Lines[0].Quantity
		i.states[id] = "held"
	case asked.State != "held" && i.deaf:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case asked.State != "held":
		i.states[id] = asked.State
	}
	fmt.Fprint(w, "{}")
}

func (i *inventory) of(id string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.states[id]
}

func TestTheStockMoves(t *testing.T) {
	t.Parallel()
	s := setup(t)
	session := s.logIn(t, 1)
	one := &inventory{units: 3, states: map[string]string{}}
	server := httptest.NewServer(one)
	t.Cleanup(server.Close)
	put := func(in map[string]any) (h held, status int) {
		status = s.call(t, http.MethodPut, "/back/stock", backToken, in, &h)
		return h, status
	}

	paused, _ := put(map[string]any{"hold": "30s"})
	placed := make(chan order, 1)
	go func() {
		o, _ := s.order(t, session, "waits", body("MUG-STONEWARE", 2, "tok_visa"))
		placed <- o
	}()
	select {
	case <-placed:
		require.Fail(t, "an order was placed while the stock moves")
	case <-time.After(50 * time.Millisecond):
	}
	moved, status := put(map[string]any{"held": paused.Held, "url": server.URL})
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, server.URL, moved.URL)
	o := <-placed
	require.Equal(t, confirmed, o.Status)
	require.Equal(t, "sold", one.of(o.ID), "it was reserved where the stock is now")
	require.EqualValues(t, 1, one.units)

	o, _ = s.order(t, session, "too many", body("MUG-STONEWARE", 2, "tok_visa"))
	require.Equal(t, "OUT_OF_STOCK", o.Reason)
	o, _ = s.order(t, session, "declined", body("MUG-STONEWARE", 1, "tok_declined"))
	require.Equal(t, "PAYMENT_DECLINED", o.Reason)
	require.Equal(t, "released", one.of(o.ID))
	require.Zero(t, s.add(t).Open)

	t.Run("ALateEndIsTold", func(t *testing.T) {
		one.mu.Lock()
		one.units, one.deaf = 5, true
		one.mu.Unlock()
		o, status := s.order(t, session, "deaf", body("MUG-STONEWARE", 1, "tok_visa"))
		require.Equal(t, http.StatusOK, status, "the order is stored")
		require.EqualValues(t, 1, s.add(t).Open)
		one.mu.Lock()
		one.deaf = false
		one.mu.Unlock()
		require.NoError(t, s.settle(t.Context()))
		require.Equal(t, "sold", one.of(o.ID))
		require.Zero(t, s.add(t).Open)
	})
	t.Run("ACrashBeforeTheOrder", func(t *testing.T) {
		_, err := s.db.ExecContext(t.Context(), "INSERT INTO reservations (order_id, state, asked_at) VALUES ('lost', 'asked', ?)", stamp(time.Now().Add(-2*abandoned)))
		require.NoError(t, err)
		require.NoError(t, s.settle(t.Context()))
		require.Equal(t, "released", one.of("lost"))
	})
	t.Run("ItStaysMovedAfterARestart", func(t *testing.T) {
		again, err := Open(context.WithoutCancel(t.Context()), s.o)
		require.NoError(t, err)
		require.Equal(t, server.URL, again.door.Load().address)
		require.NoError(t, again.Close())
	})
}

// An importer that died must not stop the shop, and one that was too slow must not move stock
// that orders have taken since.
func TestAPauseEndsByItself(t *testing.T) {
	t.Parallel()
	s := setup(t)
	number := s.pause(time.Millisecond)
	o, _ := s.order(t, s.logIn(t, 1), "key", body("MUG-STONEWARE", 1, "tok_visa"))
	require.Equal(t, confirmed, o.Status)
	status := s.call(t, http.MethodPut, "/back/stock", backToken, map[string]any{"held": number, "url": "http://127.0.0.1:1"}, nil)
	require.Equal(t, http.StatusConflict, status)
	require.Nil(t, s.door.Load())
}
