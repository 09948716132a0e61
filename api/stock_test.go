package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/rpc"
	"github.com/amends/amends/internal/strictjson"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
	inventoryrpc "github.com/amends/amends/services/inventory/rpc"
)

// fakeInventory has some stock. It fails with err, or waits until the caller gives up.
type fakeInventory struct {
	stock map[string][]inventory.Stock
	err   error
	hangs bool
}

func (f fakeInventory) fail(ctx context.Context) error {
	if f.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return f.err
}

func (f fakeInventory) Stock(ctx context.Context, sku string) ([]inventory.Stock, error) {
	return f.stock[sku], f.fail(ctx)
}

func (f fakeInventory) CheckStock(ctx context.Context, lines []inventory.Line) (a inventory.Availability, err error) {
	for _, l := range lines {
		line := inventory.LineAvailability{SKU: l.SKU, Requested: l.Quantity}
		for _, s := range f.stock[l.SKU] {
			line.Available += s.Available
		}
		a.Lines = append(a.Lines, line)
	}
	return a, f.fail(ctx)
}

// Reserved has a mug that was sold from each of two warehouses, and has come back.
func (f fakeInventory) Reserved(ctx context.Context, saga string) ([]inventory.Reserved, error) {
	return []inventory.Reserved{{TakenBack: true, Record: inventory.Record{
		Key: key.New(saga, "inventory.reserve"), State: inventory.Committed, CreatedAt: invoicedAt, UpdatedAt: invoicedAt,
		Reservation: inventory.Reservation{Parcels: []inventory.Parcel{
			{Warehouse: "AMS", Lines: []inventory.Line{{SKU: "MUG", Quantity: 1}}}, {Warehouse: "BER", Lines: []inventory.Line{{SKU: "MUG", Quantity: 2}}},
		}},
	}}}, f.fail(ctx)
}

// stocked has 40 mugs in two warehouses, a product with an odd name, and one sold out.
var stocked = map[string][]inventory.Stock{
	"MUG": {
		{SKU: "MUG", Warehouse: "AMS", Available: 10, Reserved: 5, Received: 15},
		{SKU: "MUG", Warehouse: "BER", Available: 30, Committed: 2, Received: 32},
	},
	"TEE ä/50%+": {{SKU: "TEE ä/50%+", Warehouse: "BER", Available: 3, Received: 3}},
	"SOLD":       {{SKU: "SOLD", Warehouse: "BER", Committed: 3, Received: 3}},
}

// stockOf makes a server ask i for stock.
func stockOf(i interface {
	Stock(ctx context.Context, sku string) ([]inventory.Stock, error)
	CheckStock(ctx context.Context, lines []inventory.Line) (inventory.Availability, error)
	Reserved(ctx context.Context, saga string) ([]inventory.Reserved, error)
},
) Option {
	return WithServices(shop.Services{Inventory: i})
}

// shopOf returns a server whose engine expects nothing.
func shopOf(t *testing.T, options ...Option) *testBundle {
	t.Helper()
	return shopWith(t, func(*Config) {}, options...)
}

// shopWith is shopOf with another configuration.
func shopWith(t *testing.T, change func(*Config), options ...Option) *testBundle {
	t.Helper()
	b := &testBundle{temporal: &fakeTemporal{t: t, health: alive}}
	config := DefaultConfig()
	config.Orders.Queue, config.GuestSecret = "order", guestSecret
	change(&config)
	var err error
	b.server, err = New(config, b.temporal, options...)
	require.NoError(t, err)
	b.http = httptest.NewServer(b.server)
	t.Cleanup(b.http.Close)
	return b
}

const checkMugs = `{"lines": [{"sku": "MUG", "quantity": 40}, {"sku": "SOLD", "quantity": 1}, {"sku": "NEVER", "quantity": 1}]}`

func TestGetStock(t *testing.T) {
	t.Parallel()
	b := shopOf(t, stockOf(fakeInventory{stock: stocked}))
	get := func(t *testing.T, path string) response {
		t.Helper()
		return b.do(t, http.MethodGet, "/v1/stock/"+path, "")
	}

	t.Run("AnswersTheStockOfEveryWarehouse", func(t *testing.T) {
		t.Parallel()
		before := time.Now()
		answer := get(t, "MUG")
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
		require.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
		var got contract.Stock
		require.NoError(t, json.Unmarshal([]byte(answer.text), &got))
		require.False(t, got.AsOf.Before(before.Truncate(time.Second)))
		require.False(t, got.AsOf.After(time.Now()))
		got.AsOf = time.Time{}
		require.Equal(t, contract.Stock{Sku: "MUG", Available: 40, Warehouses: []contract.WarehouseStock{
			{Warehouse: "AMS", Available: 10}, {Warehouse: "BER", Available: 30},
		}}, got)
		require.NotContains(t, answer.text, "reserved")
	})
	t.Run("TakesEverySKU", func(t *testing.T) {
		t.Parallel()
		answer := get(t, url.PathEscape("TEE ä/50%+"))
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
		require.Contains(t, answer.text, `"sku":"TEE ä/50%+"`)
		require.Contains(t, get(t, "SOLD").text, `"available":0`)
	})
	t.Run("FindsNothingElse", func(t *testing.T) {
		t.Parallel()
		for _, sku := range []string{"NEVER", "mug", "%00", "%ff", "a%0ab", strings.Repeat("x", 256), "check", "MUG%2f..%2f", "%2e%2e"} {
			p := get(t, sku).refused(t, http.StatusNotFound, fault.NotFound)
			require.NotContains(t, *p.Detail, "order", sku)
		}
		require.Equal(t, http.StatusNotFound, get(t, "").StatusCode)
		require.Equal(t, http.StatusMethodNotAllowed, b.do(t, http.MethodDelete, "/v1/stock/MUG", "").StatusCode)
	})
}

func TestCheckStock(t *testing.T) {
	t.Parallel()
	b := shopOf(t, stockOf(fakeInventory{stock: stocked}))
	check := func(t *testing.T, body string) response {
		t.Helper()
		return b.do(t, http.MethodPost, "/v1/stock/check", body, "Content-Type: application/json")
	}

	answer := check(t, checkMugs)
	require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
	require.JSONEq(t, `{"available": false, "lines": [
		{"sku": "MUG", "requested": 40, "available": 40, "ok": true},
		{"sku": "SOLD", "requested": 1, "available": 0, "ok": false},
		{"sku": "NEVER", "requested": 1, "available": 0, "ok": false}]}`, answer.text)
	require.Contains(t, check(t, `{"lines": [{"sku": "MUG", "quantity": 40}]}`).text, `"available":true,"lines"`)

	many := make([]string, 201)
	for i := range many {
		many[i] = `{"sku": "S` + strings.Repeat("x", i%199) + string(rune('a'+i/199)) + `", "quantity": 1}`
	}
	line := func(l string) string { return `{"lines": [` + l + `]}` }
	for name, c := range map[string]struct {
		body    string
		status  int
		pointer string
		code    fault.Code
	}{
		"NoBody":       {"", 400, "", strictjson.Empty},
		"AnArray":      {"[]", 400, "", problem.FieldWrongType},
		"NoLines":      {"{}", 422, "/lines", problem.FieldRequired},
		"Unknown":      {`{"lines": [{"sku": "A", "quantity": 1}], "hold": true}`, 400, "/hold", problem.FieldUnknown},
		"Empty":        {line(""), 422, "/lines", problem.FieldTooFew},
		"TooMany":      {line(strings.Join(many, ",")), 422, "/lines", problem.FieldTooMany},
		"Twice":        {line(`{"sku": "A", "quantity": 1}, {"sku": "A", "quantity": 2}`), 422, "/lines/1/sku", problem.FieldDuplicate},
		"NoSKU":        {line(`{"sku": "", "quantity": 1}`), 422, "/lines/0/sku", problem.FieldTooShort},
		"LongSKU":      {line(`{"sku": "` + strings.Repeat("x", 201) + `", "quantity": 1}`), 422, "/lines/0/sku", problem.FieldTooLong},
		"Zero":         {line(`{"sku": "A", "quantity": 0}`), 422, "/lines/0/quantity", problem.FieldTooSmall},
		"TooMuch":      {line(`{"sku": "A", "quantity": 10001}`), 422, "/lines/0/quantity", problem.FieldTooLarge},
		"Fraction":     {line(`{"sku": "A", "quantity": 1.5}`), 422, "/lines/0/quantity", problem.FieldWrongType},
		"DuplicateKey": {`{"lines": [], "lines": []}`, 400, "/lines", strictjson.DuplicateKey},
	} {
		t.Run("Refuses"+name, func(t *testing.T) {
			t.Parallel()
			answer := check(t, c.body)
			require.Equal(t, c.status, answer.StatusCode, answer.text)
			p := answer.problem(t)
			require.NotNil(t, p.Errors, answer.text)
			require.Equal(t, c.pointer, (*p.Errors)[0].Pointer)
			require.Equal(t, string(c.code), (*p.Errors)[0].Code)
		})
	}
}

// A shop that waits for its stock sells nothing meanwhile.
func TestStockThatIsNotAnsweredIsUnavailable(t *testing.T) {
	t.Parallel()
	conn, err := rpc.Dial(rpc.DialOptions{Target: "127.0.0.1:1"}) // where nothing listens
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	for name, options := range map[string][]Option{
		"NoService":         nil,
		"Hangs":             {stockOf(fakeInventory{hangs: true})},
		"RefusesConnection": {stockOf(inventoryrpc.NewClient(conn))},
		"LostAnswer":        {stockOf(fakeInventory{err: fault.Errorf(fault.Unknown, fault.Unavailable, "lost 10.0.0.7")})},
		"Locked":            {stockOf(fakeInventory{err: fault.Errorf(fault.Transient, fault.Locked, "later")})},
		"NoFault":           {stockOf(fakeInventory{err: errors.New("10.0.0.7 is gone")})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := shopOf(t, options...)
			for _, ask := range []func() response{
				func() response { return b.do(t, http.MethodGet, "/v1/stock/MUG", "") },
				func() response {
					return b.do(t, http.MethodPost, "/v1/stock/check", checkMugs, "Content-Type: application/json")
				},
			} {
				start := time.Now()
				answer := ask()
				took := time.Since(start)
				answer.refused(t, http.StatusServiceUnavailable, fault.Unavailable)
				requireRetryAfter(t, answer.Header)
				require.NotContains(t, answer.text, "10.0.0.7")
				if name == "Hangs" {
					require.GreaterOrEqual(t, took, time.Second)
					require.Less(t, took, 1200*time.Millisecond, "the claim is a time")
				}
			}
		})
	}
	t.Run("ABugIsNoReasonToWait", func(t *testing.T) {
		t.Parallel()
		b := shopOf(t, stockOf(fakeInventory{err: fault.Errorf(fault.Bug, fault.Internal, "secret")}))
		answer := b.do(t, http.MethodGet, "/v1/stock/MUG", "")
		answer.refused(t, http.StatusInternalServerError, fault.Internal)
		require.NotContains(t, answer.text, "secret")
	})
}
